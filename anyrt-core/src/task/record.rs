//! The one shared record of a task: handle, result, status, own cancel flag, waker, name, place.
//!
//! One allocation serves the task, its handle and its group's list. The tail differs: a child of
//! a [`TaskGroup`](super::TaskGroup) keeps its group and its result there.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::task::{Context, Poll, Waker};

use super::core::GroupCore;
use super::wait::Wait;
use crate::cancel::{Cancelled, Node, Own};
use crate::context::{self, ContextMap};
use crate::loom::atomic::{AtomicU8, AtomicU32, Ordering};
use crate::loom::{Arc, Mutex, lock};
use crate::time::Instant;

/// The task was cancelled by itself.
const CANCELLED: u32 = 1;
/// Somebody waits for its end.
const AWAITED: u32 = 1 << 1;
/// It was made by `start` and has not called `started`: it lives under the caller's scopes.
const STARTING: u32 = 1 << 2;
/// The caller of `start` was cancelled before that.
const CALLER_CANCELLED: u32 = 1 << 3;
/// It has context variables.
const HAS_CONTEXT: u32 = 1 << 5;
const FINISHED: u32 = 1 << 8;
const FAILED: u32 = 1 << 9;
const WAS_CANCELLED: u32 = 1 << 10;
const ENDED: u32 = FINISHED | FAILED | WAS_CANCELLED;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Failed,
    Cancelled,
}

pub(crate) struct Record<T: ?Sized> {
    pub(crate) core: RecordCore,
    pub(crate) tail: T,
}

/// Any task's record.
pub(crate) type TaskRecord = Record<dyn Tail>;

/// What records of different tasks have in common behind their cores.
pub(crate) trait Tail: Send + Sync {
    /// The group that the task is a child of.
    fn group(&self) -> &Arc<GroupCore>;

    /// Takes the task's outcome, an `Option<Ended<O>>` of its own output type. The value is kept
    /// if it is `wanted`.
    fn deliver(&self, core: &RecordCore, outcome: &mut dyn Any, wanted: bool);
}

pub(crate) struct RecordCore {
    pub(crate) id: u64,
    location: &'static Location<'static>,
    state: AtomicU32,
    /// Odd while the task is being polled.
    polls: AtomicU32,
    /// Shard and slot in the group's list.
    place: AtomicU32,
    wait: AtomicU8,
    pub(crate) tag: u8,
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    waker: Option<Waker>,
    context: Option<Arc<ContextMap>>,
    more: Option<Box<More>>,
}

/// What few tasks have.
#[derive(Default)]
struct More {
    name: Option<Arc<str>>,
    cause: Option<Cancelled>,
    waiters: Vec<(u64, Waker)>,
    root: Option<Arc<Node>>,
}

impl RecordCore {
    pub(crate) fn new(
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
        context: Option<Arc<ContextMap>>,
        tag: u8,
    ) -> RecordCore {
        let more = name.map(|name| {
            Box::new(More {
                name: Some(name),
                ..More::default()
            })
        });
        RecordCore {
            id: context::next_serial(),
            location,
            state: AtomicU32::new(if context.is_some() { HAS_CONTEXT } else { 0 }),
            polls: AtomicU32::new(0),
            place: AtomicU32::new(0),
            wait: AtomicU8::new(Wait::Turn as u8),
            tag,
            live: Mutex::new(Live {
                waker: None,
                context,
                more,
            }),
        }
    }

    fn more<T>(&self, use_it: impl FnOnce(&mut More) -> T) -> T {
        use_it(lock(&self.live).more.get_or_insert_default())
    }

    // ---- name and place ----

    pub(crate) fn name(&self) -> Arc<str> {
        let given = lock(&self.live)
            .more
            .as_ref()
            .and_then(|more| more.name.clone());
        given.unwrap_or_else(|| self.location.to_string().into())
    }

    pub(crate) fn set_place(&self, place: u32) {
        self.place.store(place, Ordering::Relaxed);
    }

    pub(crate) fn place(&self) -> u32 {
        self.place.load(Ordering::Relaxed)
    }

    pub(crate) fn replace_context(
        &self,
        context: Option<Arc<ContextMap>>,
    ) -> Option<Arc<ContextMap>> {
        if context.is_some() {
            self.state.fetch_or(HAS_CONTEXT, Ordering::Relaxed);
        }
        std::mem::replace(&mut lock(&self.live).context, context)
    }

    pub(crate) fn context(&self) -> Option<Arc<ContextMap>> {
        if !self.has(HAS_CONTEXT) {
            return None;
        }
        lock(&self.live).context.clone()
    }

    #[inline]
    pub(crate) fn has_context(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_CONTEXT != 0
    }

    // ---- polls ----

    /// Around each poll; only the poller writes.
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

    pub(crate) fn set_root(&self, node: &Arc<Node>) {
        self.more(|more| more.root = Some(node.clone()));
    }

    pub(crate) fn root(&self) -> Option<Arc<Node>> {
        lock(&self.live).more.as_ref()?.root.clone()
    }

    /// Keeps the waker with which a cancellation reaches the task.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        let mut live = lock(&self.live);
        if matches!(&live.waker, Some(waker) if waker.will_wake(cx.waker())) {
            return;
        }
        drop(live);
        let new = cx.waker().clone();
        live = lock(&self.live);
        let old = live.waker.replace(new);
        drop(live);
        drop(old);
    }

    pub(crate) fn take_waker(&self) -> Option<Waker> {
        lock(&self.live).waker.take()
    }

    fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    // ---- cancellation ----

    #[inline]
    fn has(&self, bits: u32) -> bool {
        self.state.load(Ordering::SeqCst) & bits != 0
    }

    /// Cancels this task alone.
    pub(crate) fn cancel(&self, cause: Cancelled) {
        if self.has(ENDED) {
            return;
        }
        self.more(|more| {
            more.cause.get_or_insert(cause);
        });
        let old = self.state.fetch_or(CANCELLED, Ordering::SeqCst);
        context::mark_dirty();
        if old & CANCELLED == 0 {
            self.wake();
        }
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.live).more.as_ref()?.cause.clone()
    }

    // ---- `start`: one word decides under whose scopes the task lives ----

    /// Whether the task lives under the scopes of its starter.
    pub(crate) fn is_starting(&self) -> bool {
        self.has(STARTING)
    }

    pub(crate) fn set_starting(&self) {
        self.state.fetch_or(STARTING, Ordering::SeqCst);
    }

    /// The task says that it is ready. False if its caller was cancelled before.
    pub(crate) fn move_to_group(&self) -> bool {
        let moved = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| {
                (state & CALLER_CANCELLED == 0).then_some(state & !STARTING)
            });
        context::mark_dirty();
        moved.is_ok()
    }

    pub(crate) fn was_cancelled_with_caller(&self) -> bool {
        self.has(CALLER_CANCELLED)
    }

    /// The caller of `start` is cancelled, or gone. Nothing happens if the task is ready.
    pub(crate) fn cancel_with_caller(&self) {
        let cancelled = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| {
                (state & STARTING != 0 && state & CALLER_CANCELLED == 0)
                    .then_some(state | CALLER_CANCELLED)
            });
        context::mark_dirty();
        if cancelled.is_ok() {
            self.wake();
        }
    }

    // ---- the end ----

    pub(crate) fn end(&self) -> Option<End> {
        let state = self.state.load(Ordering::Acquire);
        if state & ENDED == 0 {
            None
        } else if state & FINISHED != 0 {
            Some(End::Finished)
        } else if state & FAILED != 0 {
            Some(End::Failed)
        } else {
            Some(End::Cancelled)
        }
    }

    pub(crate) fn is_cancelling(&self) -> bool {
        self.has(CANCELLED)
    }

    pub(crate) fn finish(&self, end: End) {
        let bit = match end {
            End::Finished => FINISHED,
            End::Failed => FAILED,
            End::Cancelled => WAS_CANCELLED,
        };
        if self.state.fetch_or(bit, Ordering::SeqCst) & AWAITED != 0 {
            for (_, waker) in self.more(|more| std::mem::take(&mut more.waiters)) {
                waker.wake();
            }
        }
    }

    /// Waits for the end; `key` tells one waiter from another.
    pub(crate) fn poll_end(&self, key: &mut u64, cx: &Context<'_>) -> Poll<End> {
        if let Some(end) = self.end() {
            return Poll::Ready(end);
        }
        if *key == 0 {
            *key = context::next_serial();
        }
        let waker = cx.waker().clone();
        let old =
            self.more(
                |more| match more.waiters.iter_mut().find(|(waiter, _)| waiter == key) {
                    Some((_, old)) => Some(std::mem::replace(old, waker)),
                    None => {
                        more.waiters.push((*key, waker));
                        None
                    }
                },
            );
        drop(old);
        self.state.fetch_or(AWAITED, Ordering::SeqCst);
        match self.end() {
            Some(end) => Poll::Ready(end),
            None => Poll::Pending,
        }
    }

    pub(crate) fn forget_waiter(&self, key: u64) {
        if key != 0 && self.end().is_none() {
            let waker = self.more(|more| {
                let at = more.waiters.iter().position(|(waiter, _)| *waiter == key)?;
                Some(more.waiters.swap_remove(at).1)
            });
            drop(waker);
        }
    }
}

impl TaskRecord {
    /// The cancellation of the task as a whole, as of now.
    #[inline]
    pub(crate) fn own(&self) -> Own {
        let state = self.core.state.load(Ordering::SeqCst);
        let group = self.tail.group().node.own();
        if state & (CANCELLED | STARTING) == 0 {
            return group;
        }
        let starting = state & STARTING != 0;
        let cancelled = state & (CANCELLED | CALLER_CANCELLED) != 0;
        match group {
            Own::Aborted => Own::Aborted,
            Own::Cancelled if !starting => Own::Cancelled,
            _ if cancelled => Own::Cancelled,
            _ => Own::No,
        }
    }

    /// Visits what is around the task, from the inside out, up to the first shield.
    pub(crate) fn walk_outwards(&self, mut visit: impl FnMut(Around<'_>)) {
        let mut group = self.tail.group().clone();
        loop {
            let mut node = group.node.clone();
            loop {
                visit(Around::Node(&node));
                if node.is_shielded() {
                    return;
                }
                match node.parent() {
                    Some(parent) => node = parent,
                    None => break,
                }
            }
            if Arc::ptr_eq(&node, &group.node) {
                visit(Around::Deadline(group.around()));
            }
            match group.host.as_ref().map(|host| host.tail.group().clone()) {
                Some(outer) => group = outer,
                None => return,
            }
        }
    }
}

/// What is found on the way out from a task.
pub(crate) enum Around<'a> {
    Node(&'a Arc<Node>),
    /// What a group that is not in the tree yet saw around it.
    Deadline(Instant),
}

impl fmt::Debug for RecordCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}
