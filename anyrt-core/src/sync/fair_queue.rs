//! A fair queue for a resource, which most primitives are built from.
//!
//! A [`FairQueue`] is a [`Resource`] and the queue of its waiters, under one lock. Nothing touches either
//! without that lock. Whenever the lock is free, this invariant holds: *the first waiter in the queue cannot
//! be served*. Therefore each change that could admit a waiter (a release, a change of the resource, a waiter
//! that leaves) serves the queue before it unlocks. The resource is handed over in the same critical section,
//! so later callers, including the `try_` functions, cannot overtake a waiter.
//!
//! ```text
//!   Acquire:  new ──poll, free──────────────────────────────────────────▶ done
//!           └──poll, not free──▶ waiting ──served──▶ granted ──poll──▶ done
//!                                   └──drop──▶ removed  └──drop──▶ given back, next served
//! ```
//!
//! Admission reserves a part of the resource (`admit`); the waiter receives it in its next poll (`collect`).
//! A waiter that is dropped in between returns the reservation (`give_back`), and the next waiter is served.
//!
//! Wakers and values of the user run foreign code, which may use the same queue. So wakers are woken, cloned
//! and dropped, and values of the user dropped, only while the lock is not held.
//!
//! The lock is that of the standard library: its fast path is one atomic step, and handing over needs the
//! queue in any case.

use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker, ready};

use super::queue::{Queue, Wakers};
use crate::engine::{Operation, Wait, poll_state};
use crate::loom::{Mutex, MutexGuard, const_fn, lock};
use crate::wake::poll_locked;

/// A resource that a [`FairQueue`] gives out. All methods run under the lock of the queue.
pub(super) trait Resource {
    /// The request of a waiter.
    type Ask;
    /// The result of a granted request.
    type Grant;

    /// Reserves the requested part and returns true, if it is free. Ignores the queue.
    fn admit(&mut self, ask: &Self::Ask) -> bool;

    /// Returns the part that [`admit`](Resource::admit) has reserved.
    fn collect(&mut self, ask: &Self::Ask) -> Self::Grant;

    /// Takes back a reservation that was not collected.
    fn give_back(&mut self, ask: &Self::Ask);

    /// Serves a new caller, if possible. `waiting` is the length of the queue.
    ///
    /// The default refuses while others wait, which keeps the order of arrival.
    #[inline]
    fn enter(&mut self, ask: &Self::Ask, waiting: usize) -> Option<Self::Grant> {
        (waiting == 0 && self.admit(ask)).then(|| self.collect(ask))
    }

    /// Runs after the queue has been served as far as possible, before the unlock.
    #[inline]
    fn served(&mut self) {}
}

/// A resource and its waiters, under one lock.
pub(super) struct FairQueue<R: Resource>(Mutex<State<R>>);

struct State<R: Resource> {
    resource: R,
    queue: Queue<R::Ask>,
}

impl<R: Resource> FairQueue<R> {
    const_fn! {
        pub(super) const fn new(resource: R) -> FairQueue<R> {
            FairQueue(Mutex::new(State {
                resource,
                queue: Queue::new(),
            }))
        }
    }

    /// Serves the caller without a wait, if the resource is free and the queue is empty.
    #[inline]
    pub(super) fn try_enter(&self, ask: &R::Ask) -> Option<R::Grant> {
        let mut state = self.state();
        let granted = state.enter(ask)?;
        // A new caller can admit others: the last task at a barrier lets all waiters pass.
        serve_and_wake(state);
        Some(granted)
    }

    /// Returns a future that waits for the requested part.
    #[inline]
    pub(super) fn wait(&self, ask: R::Ask, wait: Wait) -> Acquire<'_, R> {
        Acquire {
            queue: self,
            ask: Some(ask),
            key: None,
            wait,
            operation: Operation::New,
        }
    }

    /// Returns a future like that of [`wait`](FairQueue::wait), for an operation that has already begun.
    pub(super) fn wait_on(&self, ask: R::Ask, wait: Wait) -> Acquire<'_, R> {
        let mut acquire = self.wait(ask, wait);
        acquire.operation = Operation::Started;
        acquire
    }

    /// Changes the resource, and serves the waiters that the change admits.
    #[inline]
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut R) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state.resource);
        serve_and_wake(state);
        result
    }

    /// Calls a function with the resource and the number of waiters.
    pub(super) fn look<T>(&self, look: impl FnOnce(&R, usize) -> T) -> T {
        let state = self.state();
        look(&state.resource, state.queue.waiting())
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        let state = self.0.get_mut();
        &mut state.unwrap_or_else(PoisonError::into_inner).resource
    }

    pub(super) fn into_inner(self) -> R {
        let state = self.0.into_inner();
        state.unwrap_or_else(PoisonError::into_inner).resource
    }

    #[inline]
    fn state(&self) -> MutexGuard<'_, State<R>> {
        lock(&self.0)
    }
}

/// Serves the queue, which restores the invariant; unlocks; then wakes the served waiters.
#[inline]
fn serve_and_wake<R: Resource>(mut state: MutexGuard<'_, State<R>>) {
    // Fast path of an uncontended release: no waiters, nothing to wake.
    if state.queue.waiting() == 0 {
        state.resource.served();
        return;
    }
    let woken = state.serve();
    // The wakers run foreign code, so the lock is released first.
    drop(state);
    woken.wake();
}

impl<R: Resource> State<R> {
    #[inline]
    fn enter(&mut self, ask: &R::Ask) -> Option<R::Grant> {
        self.resource.enter(ask, self.queue.waiting())
    }

    /// Grants requests from the front of the queue until one cannot be admitted.
    #[cold]
    fn serve(&mut self) -> Wakers {
        let mut woken = Wakers::default();
        // Ends: each round takes one waiter out of the queue, and none can join under the lock.
        while let Some(ask) = self.queue.first() {
            // The first that does not fit blocks all behind it, so that a large request is not starved.
            if !self.resource.admit(ask) {
                break;
            }
            woken.push(self.queue.grant_first());
        }
        self.resource.served();
        woken
    }
}

/// The future of one waiter, from its first poll until it has its grant or is dropped.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) struct Acquire<'a, R: Resource> {
    queue: &'a FairQueue<R>,
    /// The request; `None` once `join` has moved it into the queue or served it.
    ask: Option<R::Ask>,
    /// The position in the queue, while the waiter is waiting or granted.
    key: Option<usize>,
    wait: Wait,
    operation: Operation,
}

impl<R: Resource> Unpin for Acquire<'_, R> {}

impl<R: Resource> Acquire<'_, R> {
    /// Returns whether the waiter is in the queue, or has been granted its request there.
    pub(super) fn is_queued(&self) -> bool {
        self.key.is_some()
    }

    /// Tries once more, and joins the queue in the same critical section if that fails.
    #[cold]
    fn join(&mut self, waker: Waker) -> Poll<R::Grant> {
        let ask = self.ask.take();
        let ask = ask.expect("a waiter that has had its turn is not polled again");
        let mut state = self.queue.state();
        if let Some(granted) = state.enter(&ask) {
            serve_and_wake(state);
            // `waker` is dropped on return, after `serve_and_wake` has unlocked.
            return Poll::Ready(granted);
        }
        self.key = Some(state.queue.push(ask, waker));
        Poll::Pending
    }

    /// Collects the grant, or updates the waker in the queue.
    fn poll_again(&mut self, key: usize, waker: &Waker) -> Poll<R::Grant> {
        let granted = ready!(poll_locked(&self.queue.0, waker, |state| {
            if !state.queue.is_granted(key) {
                return Err(state.queue.waker(key));
            }
            // A granted entry has no waker, so nothing foreign is dropped under the lock.
            let (ask, _) = state.queue.remove(key);
            Ok(state.resource.collect(&ask))
        }));
        self.key = None;
        Poll::Ready(granted)
    }
}

impl<R: Resource> Future for Acquire<'_, R> {
    type Output = R::Grant;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R::Grant> {
        // 1. Pending while the scope is cancelled or the budget is used up (rules C4 and C11).
        ready!(self.operation.begin(cx));
        // 2. Try to get the grant; its three states are those of the diagram above.
        let polled = match (self.key, &self.ask) {
            (Some(key), _) => self.poll_again(key, cx.waker()),
            (None, Some(ask)) => match self.queue.try_enter(ask) {
                Some(granted) => Poll::Ready(granted),
                // The waker is cloned without the lock. The resource may have become free meanwhile, so
                // `join` tries again.
                None => self.join(cx.waker().clone()),
            },
            (None, None) => panic!("a waiter that has had its turn is not polled again"),
        };
        // 3. Record the reason of the wait for task listings.
        if polled.is_pending() {
            poll_state::waits_for(self.wait);
        }
        polled
    }
}

impl<R: Resource> Drop for Acquire<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            leave(self.queue, key);
        }
    }
}

/// Removes a waiter. If it was already granted, its reservation goes to the next waiter.
#[cold]
fn leave<R: Resource>(queue: &FairQueue<R>, key: usize) {
    let mut state = queue.state();
    let (ask, waker) = state.queue.remove(key);
    // An entry without a waker was granted and not collected.
    if waker.is_none() {
        state.resource.give_back(&ask);
    }
    // Even without a reservation: if the first waiter leaves, the one behind it may fit.
    serve_and_wake(state);
    // After the unlock, since it runs foreign code.
    drop(waker);
}
