//! Threads that the case starts itself, and that no runtime knows; and a task that cleans up.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;

use anyrt_core::cancel::{checkpoint, finally};
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep_forever;

use crate::capability::{Capability, has};
use crate::erased::R;
use crate::support::{Flag, Gate, yields};

/// Runs the function on a thread that no runtime knows, and returns its value; a panic continues in the
/// caller.
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

/// Runs the function as [`on_a_thread`] does, or on a worker thread if foreign threads cannot wake the run.
/// For functions that need not know the difference.
pub(super) async fn beside_the_run<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    if has(Capability::ForeignWakes) {
        on_a_thread(f).await
    } else {
        to_thread::run::<R, _, _>(f).await
    }
}

/// Waits until it is cancelled, and cleans up.
pub(super) async fn cleaned_up((begun, cleaned): (Gate, Flag)) {
    let body = async {
        begun.open();
        sleep_forever().await
    };
    finally(body, async || {
        yields(3).await;
        checkpoint().await;
        cleaned.raise();
    })
    .await
}
