//! Something that is given out in turn: what nearly all primitives share.
//!
//! A [`Line`] is a [`Resource`] and the queue for it, under one lock. The invariant between any
//! two uses of the lock: *the first in the queue cannot be served*. So whatever may let somebody
//! in (a release, a change, a waiter that goes away) serves the queue before it unlocks, and the
//! turn is handed over on the spot: nobody who comes later gets in between.
//!
//! A waiter that was granted its turn and is dropped before it takes it gives it back, which
//! serves the next. No waker is woken, cloned or dropped under the lock, and no value of the
//! user's either.

use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker, ready};

use super::queue::{Queue, Wakers};
use crate::engine::{Operation, Wait, poll_state};
use crate::loom::{Mutex, MutexGuard, const_fn, lock};
use crate::wake::poll_locked;

/// What is given out.
pub(super) trait Resource {
    /// What a waiter asks for.
    type Ask;
    /// What it is given.
    type Grant;

    /// Reserves what is asked for, if it is free. The queue is not its concern.
    fn admit(&mut self, ask: &Self::Ask) -> bool;

    /// Hands out what [`admit`](Resource::admit) has reserved.
    fn collect(&mut self, ask: &Self::Ask) -> Self::Grant;

    /// Takes back what was reserved and not collected.
    fn give_back(&mut self, ask: &Self::Ask);

    /// What somebody is given who has just come and finds so many waiting.
    #[inline]
    fn enter(&mut self, ask: &Self::Ask, waiting: usize) -> Option<Self::Grant> {
        (waiting == 0 && self.admit(ask)).then(|| self.collect(ask))
    }

    /// Called when all have been served that could be.
    #[inline]
    fn served(&mut self) {}
}

pub(super) struct Line<R: Resource>(Mutex<State<R>>);

struct State<R: Resource> {
    resource: R,
    queue: Queue<R::Ask>,
}

impl<R: Resource> Line<R> {
    const_fn! {
        pub(super) const fn new(resource: R) -> Line<R> {
            Line(Mutex::new(State {
                resource,
                queue: Queue::new(),
            }))
        }
    }

    /// Takes what is asked for, if that is free and nobody waits for it.
    #[inline]
    pub(super) fn try_enter(&self, ask: &R::Ask) -> Option<R::Grant> {
        let mut state = self.state();
        let granted = state.enter(ask)?;
        serve_and_wake(state);
        Some(granted)
    }

    /// Waits for what is asked for.
    #[inline]
    pub(super) fn wait(&self, ask: R::Ask, wait: Wait) -> Turn<'_, R> {
        Turn {
            line: self,
            ask: Some(ask),
            key: None,
            wait,
            operation: Operation::New,
        }
    }

    /// The same as a part of an operation that has started already.
    pub(super) fn wait_on(&self, ask: R::Ask, wait: Wait) -> Turn<'_, R> {
        let mut turn = self.wait(ask, wait);
        turn.operation = Operation::Started;
        turn
    }

    /// Changes the resource, and serves those who can be served then.
    #[inline]
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut R) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state.resource);
        serve_and_wake(state);
        result
    }

    /// Looks at the resource, and at how many wait.
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

/// Restores the invariant, unlocks, and wakes.
#[inline]
fn serve_and_wake<R: Resource>(mut state: MutexGuard<'_, State<R>>) {
    if state.queue.waiting() == 0 {
        state.resource.served();
        return;
    }
    let woken = state.serve();
    drop(state);
    woken.wake();
}

impl<R: Resource> State<R> {
    #[inline]
    fn enter(&mut self, ask: &R::Ask) -> Option<R::Grant> {
        self.resource.enter(ask, self.queue.waiting())
    }

    #[cold]
    fn serve(&mut self) -> Wakers {
        let mut woken = Wakers::default();
        while let Some(ask) = self.queue.first() {
            if !self.resource.admit(ask) {
                break;
            }
            woken.push(self.queue.grant_first());
        }
        self.resource.served();
        woken
    }
}

/// One waiter of a line, from its first poll until it has its turn or goes away.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) struct Turn<'a, R: Resource> {
    line: &'a Line<R>,
    /// None while the queue has it.
    ask: Option<R::Ask>,
    key: Option<usize>,
    wait: Wait,
    operation: Operation,
}

impl<R: Resource> Unpin for Turn<'_, R> {}

impl<R: Resource> Turn<'_, R> {
    /// Whether it stands in the queue, or was granted its turn there.
    pub(super) fn is_in_line(&self) -> bool {
        self.key.is_some()
    }

    #[cold]
    fn join(&mut self, waker: Waker) -> Poll<R::Grant> {
        let ask = self.ask.take();
        let ask = ask.expect("a waiter that has had its turn is not polled again");
        let mut state = self.line.state();
        if let Some(granted) = state.enter(&ask) {
            serve_and_wake(state);
            return Poll::Ready(granted);
        }
        self.key = Some(state.queue.push(ask, waker));
        Poll::Pending
    }

    fn poll_again(&mut self, key: usize, waker: &Waker) -> Poll<R::Grant> {
        let granted = ready!(poll_locked(&self.line.0, waker, |state| {
            if !state.queue.is_granted(key) {
                return Err(state.queue.waker(key));
            }
            let (ask, _) = state.queue.remove(key);
            Ok(state.resource.collect(&ask))
        }));
        self.key = None;
        Poll::Ready(granted)
    }
}

impl<R: Resource> Future for Turn<'_, R> {
    type Output = R::Grant;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R::Grant> {
        ready!(self.operation.begin(cx));
        let polled = match (self.key, &self.ask) {
            (Some(key), _) => self.poll_again(key, cx.waker()),
            (None, Some(ask)) => match self.line.try_enter(ask) {
                Some(granted) => Poll::Ready(granted),
                // The clone is made outside the lock, so the line is looked at once more.
                None => self.join(cx.waker().clone()),
            },
            (None, None) => panic!("a waiter that has had its turn is not polled again"),
        };
        if polled.is_pending() {
            poll_state::waits_for(self.wait);
        }
        polled
    }
}

impl<R: Resource> Drop for Turn<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            leave(self.line, key);
        }
    }
}

/// A waiter goes away: its turn, if it was granted, goes to the next.
#[cold]
fn leave<R: Resource>(line: &Line<R>, key: usize) {
    let mut state = line.state();
    let (ask, waker) = state.queue.remove(key);
    if waker.is_none() {
        state.resource.give_back(&ask);
    }
    serve_and_wake(state);
    drop(waker);
}
