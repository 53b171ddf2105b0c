//! Threads that the case starts itself, and that no runtime knows.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::Gate;

/// Runs the function on a separate thread, and returns its value; a panic continues in the caller.
pub(super) async fn on_a_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, slot) = (Gate::new(), Arc::new(Mutex::new(None)));
    let (ended, result) = (done.clone(), slot.clone());
    let thread = thread::spawn(move || {
        let value = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        *result.lock().unwrap() = Some(value);
        ended.open();
    });
    done.opened().await;
    thread.join().unwrap();
    let value = slot.lock().unwrap().take().unwrap();
    value.unwrap_or_else(|payload| resume_unwind(payload))
}
