//! SY-13: waiting needs the lock.

use anyrt::sync::{Condition, Mutex};

async fn not_locked(mutex: &Mutex<u32>) {
    let condition = Condition::new(mutex);
    condition.wait(mutex).await;
}

fn main() {
    let _ = anyrt::run(not_locked(&Mutex::new(0)));
}
