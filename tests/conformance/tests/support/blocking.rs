//! Blocking calls: a thread for each.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::flaw::Flaw;
use super::scheduler::{Inside, Scheduler};

/// The result of a call that runs on a separate thread.
pub(crate) struct Call<T>(Arc<Mutex<Slot<T>>>);

/// The state that the thread and the future of a call share.
struct Slot<T> {
    value: Option<T>,
    /// The waker of the last poll, until the value is there.
    waker: Option<Waker>,
    /// Set when the future is dropped; only [`Flaw::LosesCalls`] reads it.
    dropped: bool,
}

impl<T: Send + 'static> Call<T> {
    pub(crate) fn start(
        scheduler: &Arc<Scheduler>,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Call<T> {
        let slot = Arc::new(Mutex::new(Slot {
            value: None,
            waker: None,
            dropped: false,
        }));
        let (scheduler, result) = (scheduler.clone(), slot.clone());
        thread::spawn(move || {
            let _inside = Inside::enter(&scheduler);
            if scheduler.flaw == Flaw::LosesCalls {
                // Long enough for a caller that drops the call at once.
                thread::sleep(std::time::Duration::from_millis(20));
                if lock(&result).dropped {
                    return;
                }
            }
            let value = f();
            let waker = {
                let mut slot = lock(&result);
                slot.value = Some(value);
                slot.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        Call(slot)
    }
}

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut slot = lock(&self.0);
        match slot.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                let replaced = slot.waker.replace(cx.waker().clone());
                drop(slot);
                drop(replaced);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        let unused = {
            let mut slot = lock(&self.0);
            slot.dropped = true;
            slot.value.take()
        };
        drop(unused);
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().expect("no panic under this lock")
}
