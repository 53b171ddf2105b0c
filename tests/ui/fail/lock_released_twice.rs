//! SY-09: a lock is released by dropping its guard, which is gone then.

use anyrt::sync::Mutex;

async fn twice(mutex: &Mutex<u32>) {
    let guard = mutex.lock().await;
    drop(guard);
    drop(guard);
}

fn main() {
    let _ = anyrt::run(twice(&Mutex::new(0)));
}
