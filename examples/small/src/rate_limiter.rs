//! A rate limiter: a request starts at most once each 2 ms, and at most three run at once. The first limit is an
//! interval behind a lock, the second a `CapacityLimiter`. Both are fair: requests are served in the order of arrival.

use std::time::Duration;

use anyrt::sync::{CapacityLimiter, Mutex};
use anyrt::{Instant, Interval};

const PERIOD: Duration = Duration::from_millis(2);

static AT_ONCE: CapacityLimiter = CapacityLimiter::new(3);

/// Returns the time at which the request started, and how many had a token then.
async fn request(rate: &Mutex<Interval>) -> (Instant, usize) {
    let _token = AT_ONCE.acquire().await;
    let start = rate.lock().await.tick().await;
    let running = AT_ONCE.statistics().borrowed;
    anyrt::sleep(Duration::from_millis(10)).await; // stands for the request
    (start, running)
}

#[anyrt::main]
async fn main() {
    let rate = Mutex::new(anyrt::interval(PERIOD));
    let requests: Vec<_> = (0..12).map(|_| request(&rate)).collect();
    let mut requests = anyrt::gather(requests).await;
    requests.sort_unstable();
    println!("{} requests", requests.len());
    let pauses = requests.windows(2).map(|pair| pair[1].0 - pair[0].0);
    println!("at least 2 ms apart: {}", pauses.min() >= Some(PERIOD));
    let most = requests.iter().map(|(_, running)| running).max();
    println!("at most 3 at once: {}", most <= Some(&3));
}
