//! The end of a task: the way in which it ended, its value, and the tasks that wait for it.

use std::mem;
use std::task::{self, Poll};

use super::{DETACHED, ENDED, FAILED, FINISHED, LiveState, Record, Value, WAS_CANCELLED};
use crate::engine::poll_state;
use crate::loom::atomic::Ordering;
use crate::loom::{MutexGuard, lock};
use crate::wake::wake_all;

/// The way in which a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskEnd {
    Finished,
    Failed,
    Cancelled,
}

impl Record {
    pub(crate) fn end(&self) -> Option<TaskEnd> {
        let state = self.state.load(Ordering::Acquire);
        if state & ENDED == 0 {
            None
        } else if state & FINISHED != 0 {
            Some(TaskEnd::Finished)
        } else if state & FAILED != 0 {
            Some(TaskEnd::Failed)
        } else {
            Some(TaskEnd::Cancelled)
        }
    }

    /// Ends the task. Returns whether the handle still exists.
    #[inline]
    pub(crate) fn finish(&self, end: TaskEnd) -> bool {
        self.finish_as(match end {
            TaskEnd::Finished => FINISHED,
            TaskEnd::Failed => FAILED,
            TaskEnd::Cancelled => WAS_CANCELLED,
        })
    }

    fn finish_as(&self, bit: u16) -> bool {
        let mut live = lock(&self.live);
        let state = self.state.load(Ordering::Relaxed);
        if live.more.is_some() || live.context.is_some() {
            self.finish_rarely(live, bit);
        } else {
            let waker = live.waker.take();
            self.state.store(state | bit, Ordering::Release);
            drop(live);
            drop(waker);
        }
        state & DETACHED == 0
    }

    /// Ends the task with a value for its handle. Returns the value if the handle is gone.
    #[cold]
    pub(in crate::engine::group) fn finish_with(&self, value: Value) -> Option<Value> {
        let mut live = lock(&self.live);
        // Decided under the lock: either this sees that the handle is gone, or the handle sees that the task
        // has ended.
        let is_gone = self.state.load(Ordering::Relaxed) & DETACHED != 0;
        let surplus = if is_gone {
            Some(value)
        } else {
            live.more.get_or_insert_default().value.replace(value)
        };
        self.finish_rarely(live, FINISHED);
        surplus
    }

    /// Ends a task that has rare state, and wakes the tasks that wait for its end.
    #[cold]
    fn finish_rarely(&self, mut live: MutexGuard<'_, LiveState>, bit: u16) {
        let waker = live.waker.take();
        let context = live.context.take();
        let rare = live.more.as_mut().map(|more| {
            let waiters = mem::take(&mut more.waiters);
            let span = mem::take(&mut more.span);
            ((more.root.take(), more.caller.take(), span), waiters)
        });
        let state = self.state.load(Ordering::Relaxed);
        self.state.store(state | bit, Ordering::Release);
        drop(live);
        drop((waker, context));
        if let Some((links, waiters)) = rare {
            drop(links);
            wake_all(waiters.into_iter().map(|(_, waker)| waker));
        }
    }

    /// Returns whether the handle exists, which may take the value.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        !self.has(DETACHED)
    }

    /// Notes the drop of the handle. Returns whether the task has finished: if so, the handle has to drop the
    /// value.
    pub(crate) fn detach(&self) -> bool {
        self.change(|_, state| (state | DETACHED, state & FINISHED != 0))
    }

    #[cold]
    pub(in crate::engine::group) fn take_boxed(&self) -> Option<Value> {
        lock(&self.live).more.as_mut()?.value.take()
    }

    #[cold]
    pub(in crate::engine::group) fn return_boxed(&self, value: Value) {
        let old = self.more(|more| more.value.replace(value));
        drop(old);
    }

    /// Waits for the end. `key` identifies the waiter; it starts as zero.
    pub(crate) fn poll_end(&self, key: &mut u64, cx: &task::Context<'_>) -> Poll<TaskEnd> {
        if let Some(end) = self.end() {
            return Poll::Ready(end);
        }
        if *key == 0 {
            *key = poll_state::next_serial();
        }
        // The waker is cloned without the lock and registered under it, unless the task has ended meanwhile.
        // In that case the second call of `end` below returns the end.
        let waker = cx.waker().clone();
        let old = self.change(|live, state| {
            if state & ENDED != 0 {
                return (state, Some(waker));
            }
            let waiters = &mut live.more.get_or_insert_default().waiters;
            let old = match waiters.iter_mut().find(|(waiter, _)| waiter == key) {
                Some((_, old)) => Some(mem::replace(old, waker)),
                None => {
                    waiters.push((*key, waker));
                    None
                }
            };
            (state, old)
        });
        drop(old);
        match self.end() {
            Some(end) => Poll::Ready(end),
            None => Poll::Pending,
        }
    }

    #[inline]
    pub(crate) fn forget_waiter(&self, key: u64) {
        if key != 0 {
            self.forget(key);
        }
    }

    fn forget(&self, key: u64) {
        if self.end().is_none() {
            let waker = self.more(|more| {
                let at = more.waiters.iter().position(|(waiter, _)| *waiter == key)?;
                Some(more.waiters.swap_remove(at).1)
            });
            drop(waker);
        }
    }
}
