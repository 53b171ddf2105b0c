//! The one shared record of a task: result, status, own cancel flag, waker, name.

use std::any::Any;
use std::panic::Location;
use std::task::{self, Poll, Waker};

use crate::engine::{Cancelled, Context, ContextMap, Node, Own, TaskRecord, Wait, poll_state};
use crate::loom::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};
use crate::loom::{Arc, Mutex, lock};
use crate::wake::wake_all;

/// The task was cancelled by itself.
const CANCELLED: u16 = 1;
/// Somebody waits for its end.
const AWAITED: u16 = 1 << 1;
/// It was made by `start` and has not called `started`: it lives under the caller's scopes.
const STARTING: u16 = 1 << 2;
/// The caller of `start` was cancelled before that.
pub(super) const CALLER_CANCELLED: u16 = 1 << 3;
/// Its handle was dropped.
const DETACHED: u16 = 1 << 4;
/// It has context variables.
const HAS_CONTEXT: u16 = 1 << 5;
/// The record is in use.
const BEGUN: u16 = 1 << 6;
/// Something has reported to its frame, which has a node.
const HAS_ROOT: u16 = 1 << 7;
const FINISHED: u16 = 1 << 8;
const FAILED: u16 = 1 << 9;
const WAS_CANCELLED: u16 = 1 << 10;
/// The caller of `start` was aborted before the task was ready.
pub(super) const CALLER_ABORTED: u16 = 1 << 11;
const ENDED: u16 = FINISHED | FAILED | WAS_CANCELLED;

/// What [`Record::polls`] counts while a task is polled for the first time.
const FIRST_POLL: u32 = 1;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Failed,
    Cancelled,
}

/// Every task has one for as long as its neighbours live: its size counts.
pub(crate) struct Record {
    state: AtomicU16,
    wait: AtomicU8,
    /// Odd while the task is being polled.
    polls: AtomicU32,
    live: Mutex<Live>,
    /// What the task gave, for its handle to take.
    value: Mutex<Option<Value>>,
}

#[derive(Default)]
struct Live {
    location: Option<&'static Location<'static>>,
    waker: Option<Waker>,
    context: Option<Arc<ContextMap>>,
    more: Option<Box<More>>,
}

/// What a task is given when it is spawned.
pub(crate) struct Given {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) context: Option<Arc<ContextMap>>,
    /// It is made by `start`.
    pub(crate) starting: bool,
}

impl Given {
    /// A task that is spawned there gets this unless something else was asked for.
    pub(crate) fn at(location: &'static Location<'static>) -> Given {
        Given {
            location,
            name: None,
            context: Context::snapshot(),
            starting: false,
        }
    }
}

/// What a task gave.
pub(crate) type Value = Box<dyn Any + Send>;

/// What few tasks have.
#[derive(Default)]
struct More {
    name: Option<Arc<str>>,
    cause: Option<Cancelled>,
    waiters: Vec<(u64, Waker)>,
    root: Option<Arc<Node>>,
    /// Who called `start`, until this task is ready.
    caller: Option<Caller>,
}

/// Where a task was started.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) task: Option<TaskRecord>,
    /// Stands for the call in the tree, and has the deadlines of plain scopes around it.
    pub(crate) node: Arc<Node>,
}

impl Record {
    /// The record of a task that is still to come.
    pub(crate) fn vacant() -> Record {
        Record {
            state: AtomicU16::new(0),
            wait: AtomicU8::new(Wait::Turn as u8),
            polls: AtomicU32::new(0),
            live: Mutex::default(),
            value: Mutex::new(None),
        }
    }

    /// The task is there. Called once.
    pub(crate) fn begin(&self, given: Given) {
        let mut state = BEGUN;
        if given.context.is_some() {
            state |= HAS_CONTEXT;
        }
        if given.starting {
            state |= STARTING;
        }
        let more = given.name.map(|name| {
            Box::new(More {
                name: Some(name),
                ..More::default()
            })
        });
        *lock(&self.live) = Live {
            location: Some(given.location),
            waker: None,
            context: given.context,
            more,
        };
        self.state.store(state, Ordering::Release);
    }

    /// Whether the task is there, and has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.state.load(Ordering::Acquire) & (BEGUN | ENDED) == BEGUN
    }

    fn more<T>(&self, use_it: impl FnOnce(&mut More) -> T) -> T {
        use_it(lock(&self.live).more.get_or_insert_default())
    }

    // ---- name and context ----

    pub(crate) fn name(&self) -> Arc<str> {
        let (given, location) = {
            let live = lock(&self.live);
            let given = live.more.as_ref().and_then(|more| more.name.clone());
            (given, live.location)
        };
        given.unwrap_or_else(|| match location {
            Some(location) => location.to_string().into(),
            None => unreachable!("a task has a location from its beginning"),
        })
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

    /// Whether something has reported to the task, whose frame has a node since.
    #[inline]
    pub(crate) fn has_root(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_ROOT != 0
    }

    /// Keeps the node of the task's frame. Only the poller does.
    pub(crate) fn set_root(&self, node: Arc<Node>) {
        self.more(|more| more.root = Some(node));
        self.state.fetch_or(HAS_ROOT, Ordering::Relaxed);
    }

    pub(crate) fn root(&self) -> Option<Arc<Node>> {
        if !self.has_root() {
            return None;
        }
        lock(&self.live).more.as_ref()?.root.clone()
    }

    /// Keeps the waker with which a cancellation reaches the task.
    pub(crate) fn register(&self, cx: &task::Context<'_>) {
        if self.polls.load(Ordering::Relaxed) == FIRST_POLL {
            // There is none yet, so there is nothing to compare.
            let new = cx.waker().clone();
            lock(&self.live).waker = Some(new);
            return;
        }
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

    /// Whether this waker is the task's own, as far as is known: before its first poll is over, it is not.
    pub(crate) fn is_woken_by(&self, waker: &Waker) -> bool {
        matches!(&lock(&self.live).waker, Some(known) if known.will_wake(waker))
    }

    pub(crate) fn wake(&self) {
        let waker = lock(&self.live).waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    // ---- cancellation ----

    #[inline]
    fn has(&self, bits: u16) -> bool {
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
        poll_state::mark_dirty();
        if old & CANCELLED == 0 {
            self.wake();
        }
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.live).more.as_ref()?.cause.clone()
    }

    /// The cancellation of the task as a whole, in a group with that of its own.
    #[inline]
    pub(super) fn own_in(&self, group: Own) -> Own {
        let state = self.state.load(Ordering::SeqCst);
        if state & (CANCELLED | STARTING) == 0 {
            return group;
        }
        let own = if state & CANCELLED != 0 {
            Own::Cancelled
        } else {
            Own::No
        };
        match group {
            _ if state & STARTING == 0 => own.max(group),
            Own::Aborted => Own::Aborted,
            _ => own.max(self.callers_own()),
        }
    }

    /// Notes that the caller is cancelled, or aborted, if the task is still starting; this is final.
    /// Returns what was noted before.
    pub(super) fn note_caller(&self, bits: u16) -> Option<u16> {
        let update = |state| (state & STARTING != 0).then_some(state | bits);
        let noted = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, update);
        noted.ok()
    }

    pub(super) fn noted_of_caller(&self) -> Own {
        let state = self.state.load(Ordering::SeqCst);
        if state & CALLER_ABORTED != 0 {
            Own::Aborted
        } else if state & CALLER_CANCELLED != 0 {
            Own::Cancelled
        } else {
            Own::No
        }
    }

    // ---- `start`: one word decides under whose scopes the task lives ----

    /// Whether the task lives under the scopes of its starter.
    pub(crate) fn is_starting(&self) -> bool {
        self.has(STARTING)
    }

    /// The task says that it is ready. False if its caller was cancelled before.
    pub(crate) fn move_to_group(&self) -> bool {
        self.callers_own();
        let moved = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| {
                (state & CALLER_CANCELLED == 0).then_some(state & !STARTING)
            });
        poll_state::mark_dirty();
        if moved.is_ok() {
            let caller = self.more(|more| more.caller.take());
            drop(caller);
        }
        moved.is_ok()
    }

    /// Sets who called `start`.
    pub(crate) fn set_caller(&self, caller: Caller) {
        let old = self.more(|more| more.caller.replace(caller));
        drop(old);
    }

    /// Returns who called `start`, while that is pending.
    pub(crate) fn caller(&self) -> Option<Caller> {
        lock(&self.live).more.as_ref()?.caller.clone()
    }

    /// The caller of `start` is cancelled, or gone. Nothing happens if the task is ready.
    pub(crate) fn cancel_with_caller(&self) {
        self.callers_own();
        let before = self.note_caller(CALLER_CANCELLED);
        poll_state::mark_dirty();
        if before.is_some() {
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

    /// The task has ended; `value` is what its handle gets. It is returned if the handle is gone.
    pub(crate) fn finish(&self, end: End, value: Option<Value>) -> Option<Value> {
        let bit = match end {
            End::Finished => FINISHED,
            End::Failed => FAILED,
            End::Cancelled => WAS_CANCELLED,
        };
        let has_value = value.is_some();
        if has_value {
            *lock(&self.value) = value;
        }
        let left_over = {
            let mut live = lock(&self.live);
            let more = live.more.as_mut();
            let rare = more.map(|more| (more.root.take(), more.caller.take()));
            (live.waker.take(), live.context.take(), rare)
        };
        let old = self.state.fetch_or(bit, Ordering::SeqCst);
        drop(left_over);
        if old & AWAITED != 0 {
            let waiters = self.more(|more| std::mem::take(&mut more.waiters));
            wake_all(waiters.into_iter().map(|(_, waker)| waker));
        }
        // Either this sees that the handle is gone, or the handle that the task has ended.
        if has_value && old & DETACHED != 0 {
            return self.take_value();
        }
        None
    }

    /// Whether somebody may still ask for the value.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.has(DETACHED)
    }

    /// The handle is dropped, and the value with it.
    pub(crate) fn detach(&self) {
        if self.state.fetch_or(DETACHED, Ordering::SeqCst) & FINISHED != 0 {
            drop(self.take_value());
        }
    }

    pub(crate) fn take_value(&self) -> Option<Value> {
        lock(&self.value).take()
    }

    /// Lends the value, under a lock of its own.
    pub(crate) fn lend_value<T>(&self, use_it: impl FnOnce(Option<&Value>) -> T) -> T {
        use_it(lock(&self.value).as_ref())
    }

    /// Waits for the end; `key` tells one waiter from another.
    pub(crate) fn poll_end(&self, key: &mut u64, cx: &task::Context<'_>) -> Poll<End> {
        if let Some(end) = self.end() {
            return Poll::Ready(end);
        }
        if *key == 0 {
            *key = poll_state::next_serial();
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
