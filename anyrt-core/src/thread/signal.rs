use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::cancel::Operation;
use crate::context;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Mutex, lock};
use crate::task::Wait;

/// Something that happens once, and that tasks wait for.
#[derive(Default)]
pub(super) struct Signal {
    raised: AtomicBool,
    waiting: Mutex<Vec<(u64, Waker)>>,
}

impl Signal {
    pub(super) fn raise(&self) {
        // Either a waiter sees this after it is on the list, or it is found there.
        self.raised.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    pub(super) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    pub(super) fn wait(&self) -> Raised<'_> {
        Raised {
            signal: self,
            operation: Operation::New,
            key: 0,
        }
    }
}

/// The future of [`Signal::wait`]: an operation.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) struct Raised<'a> {
    signal: &'a Signal,
    operation: Operation,
    key: u64,
}

impl Future for Raised<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        if this.signal.is_raised() {
            return Poll::Ready(());
        }
        if this.key == 0 {
            this.key = context::next_serial();
        }
        let waker = cx.waker().clone();
        let old = {
            let mut waiting = lock(&this.signal.waiting);
            match waiting.iter_mut().find(|(key, _)| *key == this.key) {
                Some((_, old)) => Some(std::mem::replace(old, waker)),
                None => {
                    waiting.push((this.key, waker));
                    None
                }
            }
        };
        drop(old);
        if this.signal.is_raised() {
            return Poll::Ready(());
        }
        context::waits_for(Wait::Portal);
        Poll::Pending
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        if self.key == 0 {
            return;
        }
        let waker = {
            let mut waiting = lock(&self.signal.waiting);
            let at = waiting.iter().position(|(key, _)| *key == self.key);
            at.map(|at| waiting.swap_remove(at))
        };
        drop(waker);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("raised", &self.is_raised())
            .finish_non_exhaustive()
    }
}
