//! One stream that two tasks poll, one for each direction.
//!
//! The stream is polled under a lock, since a session like that of TLS has one state for both directions. A
//! poll never waits for the lock: a half that finds it taken is pending, and is woken when it is
//! released. So a waker that the stream wakes during a poll may poll the other half, and the halves do
//! not block each other's threads.
//!
//! The stream knows one waker, which wakes whatever waits in either half. A poll of one direction may do
//! something in the other: a read that fails sends an alert, for example. With a waker for each half,
//! the other half's would be replaced in the transport by that, and lost.
//!
//! # Invariants
//!
//! 1. A half's waker is in its slot before the half polls the stream or finds it taken, so no wake-up comes too
//!    early to be noticed.
//! 2. A half that finds the stream taken says so in `wants`, and tries once more. If that fails too, the
//!    lock is released later, and the release looks at `wants` after it.

use std::sync::{PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};

use crate::loom::{Arc, Mutex, MutexGuard, lock};
use crate::wake::{WakerSlot, poll_locked, wake_all};

pub(crate) struct Shared<S> {
    stream: Mutex<S>,
    halves: Arc<Halves>,
    /// Wakes both halves.
    waker: Waker,
}

/// One of the halves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Half {
    Send,
    Receive,
}

#[derive(Default)]
struct Halves(Mutex<[Waiting; 2]>);

/// What one half waits for.
#[derive(Default)]
struct Waiting {
    waker: WakerSlot,
    /// It found the stream taken by the other half.
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

    /// Polls the stream for one half.
    pub(crate) fn poll<T>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut stream = match self.take(half, cx.waker()) {
            Some(stream) => stream,
            None => return Poll::Pending,
        };
        let polled = poll(stream.get(), &mut Context::from_waker(&self.waker));
        drop(stream);
        if polled.is_ready() {
            self.halves.clear(half);
        }
        polled
    }

    fn take(&self, half: Half, waker: &Waker) -> Option<Taken<'_, S>> {
        self.halves.register(half, waker);
        if let Some(stream) = self.try_lock() {
            return Some(stream);
        }
        lock(&self.halves.0)[half as usize].wants = true;
        let stream = self.try_lock()?;
        lock(&self.halves.0)[half as usize].wants = false;
        Some(stream)
    }

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

    /// Looks at the stream; waits for the end of a poll that is under way on another thread.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        let mut stream = Taken {
            stream: Some(lock(&self.stream)),
            halves: &self.halves,
        };
        look(stream.get())
    }

    /// Has a half polled once more, if it waits.
    pub(crate) fn wake(&self, half: Half) {
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

/// The stream, until this is dropped.
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
        drop(self.stream.take());
        self.halves.wake(|half| half.wants);
    }
}

impl Halves {
    fn register(&self, half: Half, waker: &Waker) {
        // It is the slot of the polling task alone, and so there is nothing else to look for.
        let _: Poll<()> = poll_locked(&self.0, waker, |halves| {
            Err(&mut halves[half as usize].waker)
        });
    }

    /// A half that waits no longer keeps no waker.
    fn clear(&self, half: Half) {
        let waker = lock(&self.0)[half as usize].waker.take();
        drop(waker);
    }

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
