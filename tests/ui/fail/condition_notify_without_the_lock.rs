//! SY-13: notifying needs the lock.

use anyrt::sync::{Condition, Mutex};

async fn not_locked(mutex: &Mutex<u32>) {
    let condition = Condition::new(mutex);
    condition.notify_all(mutex);
}

fn main() {
    let _ = anyrt::run(not_locked(&Mutex::new(0)));
}
