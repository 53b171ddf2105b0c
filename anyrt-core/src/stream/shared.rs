//! One stream that two tasks poll, one for each direction. Used by the halves of a TLS stream.
//!
//! The stream is polled under a lock, since a TLS session has one state for both directions. A poll never
//! waits for that lock: a half that finds it taken returns pending, and is woken when the lock is released.
//! So a waker that the stream wakes during a poll may poll the other half, and the halves do not block each
//! other's threads.
//!
//! The stream sees one waker, which wakes both halves. A poll of one direction may act in the other: a read
//! that fails sends an alert, for example. With separate wakers, that would replace the other half's waker in
//! the transport, and its wake-up would be lost.
//!
//! # Invariants
//!
//! 1. The waker of a half is in its slot before the half polls the stream or finds it taken, so no wake-up is
//!    too early to be seen.
//! 2. A half that finds the stream taken sets `wants`, and tries once more. If that fails too, the lock is
//!    released later, and the release reads `wants` after the unlock. The lock of `halves` orders the two:
//!    either the release sees `wants`, or the second attempt sees the stream free.

use std::sync::{PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};

use crate::loom::{Arc, Mutex, MutexGuard, lock};
use crate::wake::{WakerSlot, poll_locked, wake_all};

/// A stream and the wakers of its two halves.
pub(crate) struct Shared<S> {
    stream: Mutex<S>,
    halves: Arc<Halves>,
    /// A waker that wakes both halves; given to the stream.
    waker: Waker,
}

/// The two halves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Half {
    Send,
    Receive,
}

/// The wait of each half. Locked for single accesses only, and never while the stream is polled or a waker is
/// woken.
#[derive(Default)]
struct Halves(Mutex<[Waiting; 2]>);

/// The wait of one half.
#[derive(Default)]
struct Waiting {
    waker: WakerSlot,
    /// Whether the half found the stream taken by the other half. Set by that half, cleared by it or by the
    /// release.
    wants: bool,
}

impl<S> Shared<S> {
    pub(crate) fn new(stream: S) -> Shared<S> {
        let halves = Arc::<Halves>::default();
        Shared {
            stream: Mutex::new(stream),
            waker: Waker::from(halves.clone()),
            halves,
        }
    }

    /// Polls the stream for one half. Returns pending if the other half is polling it.
    pub(crate) fn poll<T>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // 1. Register the waker and lock the stream, or return: the release wakes this half.
        let mut stream = match self.take(half, cx.waker()) {
            Some(stream) => stream,
            None => return Poll::Pending,
        };
        // 2. Poll the stream with the common waker.
        let polled = poll(stream.get(), &mut Context::from_waker(&self.waker));
        // 3. Unlock, which wakes the other half if it has found the stream taken.
        drop(stream);
        // 4. A half that does not wait needs no waker.
        if polled.is_ready() {
            self.halves.clear(half);
        }
        polled
    }

    /// Registers the waker, and locks the stream if it is free.
    fn take(&self, half: Half, waker: &Waker) -> Option<Taken<'_, S>> {
        self.halves.register(half, waker);
        if let Some(stream) = self.try_lock() {
            return Some(stream);
        }
        // Then a second attempt: the release may have read `wants` before it was set.
        lock(&self.halves.0)[half as usize].wants = true;
        let stream = self.try_lock()?;
        lock(&self.halves.0)[half as usize].wants = false;
        Some(stream)
    }

    /// Locks the stream, unless the other half has it.
    fn try_lock(&self) -> Option<Taken<'_, S>> {
        let stream = match self.stream.try_lock() {
            Ok(stream) => stream,
            Err(TryLockError::Poisoned(stream)) => stream.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Taken {
            stream: Some(stream),
            halves: &self.halves,
        })
    }

    /// Calls a function with the stream. Waits until a poll in progress on another thread has ended.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        let mut stream = Taken {
            stream: Some(lock(&self.stream)),
            halves: &self.halves,
        };
        look(stream.get())
    }

    /// Wakes one half, so that it polls again, if it waits.
    pub(crate) fn wake(&self, half: Half) {
        // Taken under the lock, and woken or dropped after it.
        let waker = lock(&self.halves.0)[half as usize].waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn into_inner(self) -> S {
        let stream = self.stream.into_inner();
        stream.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The locked stream. Dropping it unlocks the stream and wakes halves that want it.
struct Taken<'a, S> {
    stream: Option<MutexGuard<'a, S>>,
    halves: &'a Halves,
}

impl<S> Taken<'_, S> {
    fn get(&mut self) -> &mut S {
        self.stream
            .as_mut()
            .expect("it is released by the destructor")
    }
}

impl<S> Drop for Taken<'_, S> {
    fn drop(&mut self) {
        // In this order: see invariant 2.
        drop(self.stream.take());
        self.halves.wake(|half| half.wants);
    }
}

/// Stores the waker in the slot of this half.
impl Halves {
    fn register(&self, half: Half, waker: &Waker) {
        // Only the polling task uses this slot, so there is nothing to attempt: the waker is always stored.
        let _: Poll<()> = poll_locked(&self.0, waker, |halves| {
            Err(&mut halves[half as usize].waker)
        });
    }

    /// Drops the waker of a half that does not wait.
    fn clear(&self, half: Half) {
        let waker = lock(&self.0)[half as usize].waker.take();
        drop(waker);
    }

    /// Wakes the halves that `which` selects, after the unlock.
    fn wake(&self, which: impl Fn(&Waiting) -> bool) {
        let mut halves = lock(&self.0);
        let wakers = halves.each_mut().map(|half| {
            if !which(half) {
                return None;
            }
            half.wants = false;
            half.waker.take()
        });
        drop(halves);
        wake_all(wakers.into_iter().flatten());
    }
}

impl Wake for Halves {
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        Halves::wake(self, |_| true);
    }
}
