//! The tests that the page `testing.md` shows.

// ANCHOR: attribute
use std::time::Duration;

async fn retry(mut attempt: impl FnMut() -> bool) -> u32 {
    let mut pauses = 0;
    while !attempt() {
        anyrt::sleep(Duration::from_millis(1)).await;
        pauses += 1;
    }
    pauses
}

#[anyrt::test]
async fn retries_in_time() {
    let mut left = 3;
    let attempt = || {
        left -= 1;
        left == 0
    };
    let pauses = anyrt::move_on_after(Duration::from_secs(60), retry(attempt));
    assert_eq!(pauses.await, Some(2));
}

#[anyrt::test(backends = ["sim"], seeds = 200, time_limit = "1h")]
async fn both_get_the_lock() {
    let lock = anyrt::sync::Mutex::new(0);
    let add = async || {
        let mut sum = lock.lock().await;
        anyrt::sleep(Duration::from_secs(600)).await;
        *sum += 1;
    };
    anyrt::gather((add(), add())).await;
    assert_eq!(*lock.lock().await, 2);
}
// ANCHOR_END: attribute
