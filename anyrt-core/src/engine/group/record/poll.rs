//! The part of a record that concerns polls: their number, the wait, the frame's node and the waker.

use std::task::{self, Waker};

use super::{CANCELLED, HAS_CONTEXT, HAS_ROOT, HAS_SPAN, REGISTERED, Record, STARTING};
use crate::engine::{Node, Wait};
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

impl Record {
    /// Counts the begin or the end of a poll. Only the poller calls it, so load and store need not be one
    /// step.
    #[inline]
    pub(crate) fn count_poll(&self) {
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls.wrapping_add(1), Ordering::Release);
    }

    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn set_wait(&self, wait: Wait) {
        self.wait.store(wait as u8, Ordering::Relaxed);
    }

    pub(crate) fn wait(&self) -> Wait {
        Wait::from_u8(self.wait.load(Ordering::Relaxed))
    }

    /// Returns whether nothing about the task itself concerns a poll: it is not cancelled, lives under the
    /// scopes of its group, and has neither a node nor context variables nor a span.
    #[inline]
    pub(in crate::engine::group) fn is_plain(&self) -> bool {
        const RARE: u16 = HAS_ROOT | CANCELLED | STARTING | HAS_CONTEXT | HAS_SPAN;
        self.state.load(Ordering::SeqCst) & RARE == 0
    }

    /// Returns whether the task's frame has a node, created by a holder or a refused operation.
    #[inline]
    pub(crate) fn has_root(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_ROOT != 0
    }

    /// Returns whether polls of the task enter a span.
    #[inline]
    pub(crate) fn has_span(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_SPAN != 0
    }

    /// Stores the node of the task's frame. Only the poller calls it.
    pub(crate) fn set_root(&self, node: Arc<Node>) {
        self.change(|live, state| {
            live.more.get_or_insert_default().root = Some(node);
            (state | HAS_ROOT, ())
        });
    }

    pub(crate) fn root(&self) -> Option<Arc<Node>> {
        if !self.has_root() {
            return None;
        }
        lock(&self.live).more.as_ref()?.root.clone()
    }

    /// Stores the waker with which a cancellation reaches the task. The waker of one poll is valid for all:
    /// an executor wakes a task by any waker that it has polled it with (see
    /// [`Spawn`](crate::runtime::Spawn)).
    #[inline]
    pub(crate) fn register(&self, cx: &task::Context<'_>) {
        if self.flags.load(Ordering::Relaxed) & REGISTERED == 0 {
            self.register_now(cx);
        }
    }

    #[inline(always)]
    fn register_now(&self, cx: &task::Context<'_>) {
        let new = cx.waker().clone();
        let mut live = lock(&self.live);
        let old = live.waker.replace(new);
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(flags | REGISTERED, Ordering::Relaxed);
        drop(live);
        drop(old);
    }

    /// Returns whether this waker is known to be the task's own. Before its first poll is over, it is not.
    pub(crate) fn is_woken_by(&self, waker: &Waker) -> bool {
        matches!(&lock(&self.live).waker, Some(known) if known.will_wake(waker))
    }

    /// Takes the waker and wakes the task.
    pub(crate) fn wake(&self) {
        let mut live = lock(&self.live);
        let waker = live.waker.take();
        if waker.is_some() {
            let flags = self.flags.load(Ordering::Relaxed);
            self.flags.store(flags & !REGISTERED, Ordering::Relaxed);
        }
        drop(live);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
