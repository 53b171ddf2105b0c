//! SY-09: only the guard can release the lock; the mutex itself has no such method.

use anyrt::sync::Mutex;

async fn somebody_else(mutex: &Mutex<u32>) {
    mutex.release();
}

fn main() {
    let _ = anyrt::run(somebody_else(&Mutex::new(0)));
}
