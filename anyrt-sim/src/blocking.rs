//! Functions that block, on threads of which one runs at a time.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use anyrt_core::runtime::{Blocking, FileSystem, WakerSlot, poll_locked};

use crate::Sim;
use crate::current::{current, enter, with_current};
use crate::disk::Files;
use crate::executor::Next;
use crate::lock::lock;
use crate::spawn::Simulation;
use crate::threads::{SimThread, is_lent};

/// A future that completes with the value of a function that blocks.
pub struct Call<T>(Arc<Mutex<Slot<T>>>);

struct Slot<T> {
    value: Option<T>,
    waker: WakerSlot,
}

impl<T> Call<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        lock(&self.0)
    }

    fn complete(&self, value: T) {
        let mut slot = self.lock();
        slot.value = Some(value);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        poll_locked(&self.0, cx.waker(), |slot| {
            slot.value.take().ok_or(&mut slot.waker)
        })
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl Blocking for Sim {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(handle: &Simulation, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let call = Call(Arc::new(Mutex::new(Slot {
            value: None,
            waker: WakerSlot::new(),
        })));
        let result = Call(call.0.clone());
        let host = handle.0.clone();
        if !host.is_alive() {
            return call;
        }
        let inside = host.clone();
        let thread = SimThread::start(&host, move || {
            let _entered = enter(&inside);
            result.complete(f());
        });
        if let Some(thread) = thread {
            host.shared.push(Next::Thread(thread));
        }
        call
    }

    fn block_in_place(handle: &Simulation, wait: &mut dyn FnMut()) {
        // The executor's thread polls every task, so it can never be spared.
        let polls = with_current(|host| {
            host.is_some_and(|host| Arc::ptr_eq(&host.shared, &handle.0.shared))
        });
        if is_lent() || !polls {
            wait();
        }
    }

    fn file_system() -> Option<Arc<dyn FileSystem>> {
        let host = current()?;
        Some(Arc::new(Files::new(host)))
    }
}
