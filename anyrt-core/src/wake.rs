//! Slots for the wakers of waiting tasks, and the waking of several at once. Used wherever tasks wait, also by
//! backends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};

use crate::loom::{Mutex, lock};
use crate::unwind::drop_quietly;

/// The waker of one waiting task; empty while nothing waits.
///
/// A slot is usually under a lock. Cloning, waking and dropping a waker run foreign code, so these must not
/// happen under it: [`poll_locked`] obeys that.
#[derive(Debug, Default)]
pub struct WakerSlot(Option<Waker>);

impl WakerSlot {
    /// Creates an empty slot.
    pub const fn new() -> WakerSlot {
        WakerSlot(None)
    }

    /// Creates a slot with a waker.
    pub fn with(waker: Waker) -> WakerSlot {
        WakerSlot(Some(waker))
    }

    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns whether the slot has a waker that wakes the same task as this one.
    ///
    /// Some wakers never equal their clones, so a stored waker may not be recognized.
    pub fn wakes(&self, waker: &Waker) -> bool {
        matches!(&self.0, Some(kept) if kept.will_wake(waker))
    }

    /// Stores a clone of the waker, unless the slot has an equal one. Must not be called under a lock.
    pub fn set(&mut self, waker: &Waker) {
        if !self.wakes(waker) {
            self.0 = Some(waker.clone());
        }
    }

    /// Takes the waker out of the slot.
    pub fn take(&mut self) -> Option<Waker> {
        self.0.take()
    }
}

/// Calls `attempt` under the lock. If it fails, by returning the slot of the waiting task, the waker is in
/// that slot before the lock is released: so a later change of the state finds it.
///
/// The waker is cloned without the lock, so there is a second attempt after that, and never a third.
#[inline]
pub fn poll_locked<S, T>(
    mutex: &Mutex<S>,
    waker: &Waker,
    mut attempt: impl FnMut(&mut S) -> Result<T, &mut WakerSlot>,
) -> Poll<T> {
    // Declared before the guard, and so dropped after it.
    let mut new = None;
    // Ends: the second round has a clone, and returns in each case.
    loop {
        let mut state = lock(mutex);
        let slot = match attempt(&mut state) {
            Ok(value) => return Poll::Ready(value),
            Err(slot) => slot,
        };
        if slot.wakes(waker) {
            return Poll::Pending;
        }
        if let Some(new) = new.take() {
            let old = slot.0.replace(new);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        drop(state);
        new = Some(waker.clone());
    }
}

/// Wakes all of them, in this order. If a foreign waker panics, the panic continues after the others have
/// been woken, since nothing else wakes them.
#[inline]
pub(crate) fn wake_all(wakers: impl Iterator<Item = Waker>) {
    struct Rest<I: Iterator<Item = Waker>>(I);
    impl<I: Iterator<Item = Waker>> Drop for Rest<I> {
        fn drop(&mut self) {
            for waker in &mut self.0 {
                drop_quietly(catch_unwind(AssertUnwindSafe(|| waker.wake())));
            }
        }
    }
    let mut rest = Rest(wakers);
    for waker in &mut rest.0 {
        waker.wake();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Poll, Wake, Waker};

    use super::{WakerSlot, poll_locked};
    use crate::loom::{Mutex, lock};

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wait(slot: &Mutex<WakerSlot>, waker: &Waker) -> usize {
        let mut attempts = 0;
        let polled: Poll<()> = poll_locked(slot, waker, |slot| {
            attempts += 1;
            Err(slot)
        });
        assert!(polled.is_pending());
        attempts
    }

    #[test]
    fn a_waker_is_cloned_if_it_is_another() {
        let counters = [Arc::new(Counter::default()), Arc::new(Counter::default())];
        let [first, second] = counters.clone().map(Waker::from);
        let slot = Mutex::new(WakerSlot::new());
        assert_eq!(wait(&slot, &first), 2);
        assert_eq!(wait(&slot, &first), 1);
        assert_eq!(wait(&slot, &second), 2);
        assert_eq!(Arc::strong_count(&counters[0]), 2, "the old waker is gone");
        let woken = lock(&slot).take().expect("there is a waker");
        woken.wake();
        assert_eq!(counters[1].0.load(Ordering::Relaxed), 1);
        assert!(lock(&slot).is_empty());
    }

    #[test]
    fn the_second_attempt_may_succeed() {
        let slot = Mutex::new(WakerSlot::new());
        let mut attempts = 0;
        let polled = poll_locked(&slot, Waker::noop(), |slot| {
            attempts += 1;
            if attempts == 2 {
                Ok(attempts)
            } else {
                Err(slot)
            }
        });
        assert_eq!(polled, Poll::Ready(2));
        assert!(lock(&slot).is_empty(), "nothing waits");
    }
}
