//! SY-13: waiting releases the lock; the guard to use afterwards is the one that it returns.

use anyrt::sync::{Condition, Mutex};

async fn the_old_guard(mutex: &Mutex<u32>) {
    let condition = Condition::new(mutex);
    let mut guard = mutex.lock().await;
    condition.wait(guard).await;
    *guard += 1;
}

fn main() {
    let _ = anyrt::run(the_old_guard(&Mutex::new(0)));
}
