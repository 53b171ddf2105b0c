//! SY-09: the protected value is out of reach once the lock is released.

use anyrt::sync::Mutex;

async fn afterwards(mutex: &Mutex<u32>) {
    let mut guard = mutex.lock().await;
    drop(guard);
    *guard += 1;
}

fn main() {
    let _ = anyrt::run(afterwards(&Mutex::new(0)));
}
