//! A simulated clock: a session that ends after 30 minutes without activity is watched for a working day. The
//! simulation moves its clock to the next deadline when no task can go on, so that a day takes milliseconds. Each seed
//! polls the tasks in another order; the result has to be the same.

use std::convert::Infallible;
use std::time::Duration;

use anyrt::sim::Config;
use anyrt::stream::MemoryObjectReceiveStream;

const MINUTE: Duration = Duration::from_secs(60);

/// The code under test, which has no part for the simulation: waits until there is no activity for 30 minutes.
async fn session(activity: MemoryObjectReceiveStream<&'static str>) {
    while let Ok(Ok(_)) = anyrt::fail_after(30 * MINUTE, activity.receive()).await {}
}

/// A user who clicks each 20 minutes for eight hours, and then goes home without logging out. Returns the length of the
/// session.
async fn day() -> Duration {
    let start = anyrt::now();
    let (clicks, activity) = anyrt::memory_object_stream(0);
    let day = anyrt::task_group::<Infallible, _, _>(async |tg| {
        let session = tg.spawn(session(activity));
        for _ in 0..8 * 3 {
            anyrt::sleep(20 * MINUTE).await;
            clicks.send("click").await.expect("the session is open");
        }
        session.value().await;
        Ok(anyrt::now() - start)
    });
    day.await.expect("no task fails")
}

fn main() {
    for seed in 0..100 {
        let outcome = Config::new(seed).run(day());
        let minutes = outcome.unwrap().as_secs() / 60;
        assert_eq!(minutes, 8 * 60 + 30, "with seed {seed}");
    }
    println!("100 days, each with a session of 8 hours and 30 minutes");
}
