//! The shared record of a task: result, status, cancel flag, waker, name.
//!
//! ```text
//!            begin                                finish
//!   ┌────────┐ ─────────────────────▶ ┌─────────┐ ──────▶ ┌───────┐
//!   │ vacant │                        │ running │         │ ended │
//!   └────────┘ ───▶ ┌──────────┐ ───▶ └─────────┘         └───────┘
//!     begin, by     │ starting │ move_to_group                ▲
//!     `start`       └──────────┘ ─────────────────────────────┘ finish
//! ```
//!
//! # Access
//!
//! 1. `state` is written under the lock of `live` alone, together with the fields there that belong to it.
//!    It is read without the lock. The exception is `begin`, which nothing else can race with.
//! 2. The waker is in its slot until the task has ended. A value that is not stored with the others of its
//!    block is in `more`.
//! 3. The waker stays in the slot from poll to poll, and `REGISTERED` in `flags` is set meanwhile. The
//!    poller sets it, and a thread that takes the waker clears it, both under the lock. The poller reads it
//!    without the lock: if another thread is just taking the waker, that thread wakes the task, and the next
//!    poll registers again.
//! 4. `polls` and `wait` are written by the poller alone.
//!
//! # Orderings
//!
//! | word | pairs |
//! | --- | --- |
//! | `state` | Stores release. The acquire in `end` and `is_alive` pairs with them: a reader that finds the task ended sees everything that it did, and its value. |
//! | `state`, for cancellation | The store comes before the waker is taken, and the poller registers before it loads (`SeqCst`). If both take the lock, its order decides: the poller sees the flag, or the canceller finds the waker. If the poller does not, see 3. |
//! | `polls` | The increment after a poll releases; [`polls`](Record::polls) acquires. A reader that finds an even count sees the `wait` of that poll, although `wait` is relaxed. |
//! | `flags` | Relaxed: written before the record is visible to others, then under the lock. |

use std::any::Any;
use std::mem;
use std::panic::Location;
use std::task::{self, Poll, Waker};

use crate::engine::{
    CancelState, Cancelled, Context, ContextMap, Node, TaskRecord, Wait, poll_state,
};
use crate::loom::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};
use crate::loom::{Arc, Mutex, MutexGuard, lock};
use crate::wake::wake_all;

/// The task itself was cancelled. Set by any thread; never cleared.
const CANCELLED: u16 = 1;
/// It was created by `start` and has not called `started`: it lives under the caller's scopes. Set by
/// `begin`, cleared by the task in `move_to_group`.
const STARTING: u16 = 1 << 2;
/// The caller of `start` was cancelled or dropped before that; excludes `move_to_group`. Set by any thread that
/// finds it.
pub(super) const CALLER_CANCELLED: u16 = 1 << 3;
/// Its handle was dropped: its value is dropped at its end. Set by the handle.
const DETACHED: u16 = 1 << 4;
/// It has context variables, or has had some. Never cleared.
const HAS_CONTEXT: u16 = 1 << 5;
/// The record is in use: the task exists. Set once.
const BEGUN: u16 = 1 << 6;
/// A holder or a refused operation has created a node for its frame. Set by the poller; never cleared.
const HAS_ROOT: u16 = 1 << 7;
/// It ended with a value. At most one of these three is set, once, by the poller or the thread that drops the
/// task.
const FINISHED: u16 = 1 << 8;
/// It ended with an error or a panic.
const FAILED: u16 = 1 << 9;
/// It ended because of a cancellation.
const WAS_CANCELLED: u16 = 1 << 10;
/// The caller of `start` was aborted before the task was ready. Set together with `CALLER_CANCELLED`.
pub(super) const CALLER_ABORTED: u16 = 1 << 11;
/// The task has ended; this is final.
const ENDED: u16 = FINISHED | FAILED | WAS_CANCELLED;

/// In [`Record::flags`]: the waker is in its slot.
const REGISTERED: u8 = 1 << 7;
/// In [`Record::flags`], in the bits below `REGISTERED`: the task was spawned at none of its block's
/// locations. Other values are the number of one of them.
pub(super) const ELSEWHERE: u8 = REGISTERED - 1;

/// The way in which a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    Failed,
    Cancelled,
}

/// The record of a task. It exists as long as any task of its block lives, so its size counts.
pub(crate) struct Record {
    /// The number of polls begun and ended: odd while the task is being polled.
    polls: AtomicU32,
    state: AtomicU16,
    wait: AtomicU8,
    flags: AtomicU8,
    live: Mutex<LiveState>,
}

// The locks of a model checker are larger.
#[cfg(all(not(loom), target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Record>() <= 48);

/// The part of a record that is under its lock.
#[derive(Default)]
struct LiveState {
    /// The waker with which a cancellation reaches the task.
    waker: Option<Waker>,
    context: Option<Arc<ContextMap>>,
    more: Option<Box<RareState>>,
}

/// The properties of a task that are set when it is spawned.
pub(crate) struct SpawnArgs {
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) context: Option<Arc<ContextMap>>,
    /// `true` if the task is created by `start`.
    pub(crate) starting: bool,
}

impl SpawnArgs {
    /// Returns the defaults for a task that is spawned at this location.
    #[inline]
    pub(crate) fn at(location: &'static Location<'static>) -> SpawnArgs {
        SpawnArgs {
            location,
            name: None,
            context: Context::snapshot(),
            starting: false,
        }
    }
}

/// The value of a task, without its type.
pub(crate) type Value = Box<dyn Any + Send>;

/// The state that few tasks have.
#[derive(Default)]
struct RareState {
    name: Option<Arc<str>>,
    /// The location where it was spawned, if that is not one of the block's locations.
    location: Option<&'static Location<'static>>,
    cause: Option<Cancelled>,
    /// The value of a task that has ended, for its handle.
    value: Option<Value>,
    waiters: Vec<(u64, Waker)>,
    root: Option<Arc<Node>>,
    /// The caller of `start`, until this task is ready.
    caller: Option<Caller>,
}

/// The place where a task was started.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) task: Option<TaskRecord>,
    /// The node of the call in the tree; it carries the deadlines of plain scopes around the call.
    pub(crate) node: Arc<Node>,
}

impl Record {
    /// Creates the record of a future task.
    pub(crate) fn vacant() -> Record {
        Record {
            polls: AtomicU32::new(0),
            state: AtomicU16::new(0),
            wait: AtomicU8::new(Wait::Turn as u8),
            flags: AtomicU8::new(0),
            live: Mutex::default(),
        }
    }

    /// Begins the record, when its task is spawned at that location of its block. Called once.
    #[inline]
    pub(super) fn begin(&self, given: SpawnArgs, location: u8) {
        let mut state = BEGUN;
        if given.starting {
            state |= STARTING;
        }
        self.flags.store(location, Ordering::Relaxed);
        if given.context.is_some() || given.name.is_some() || location == ELSEWHERE {
            self.begin_with(state, given, location);
        } else {
            self.state.store(state, Ordering::Release);
        }
    }

    fn begin_with(&self, state: u16, given: SpawnArgs, location: u8) {
        let mut live = lock(&self.live);
        if given.name.is_some() || location == ELSEWHERE {
            live.more = Some(Box::new(RareState {
                name: given.name,
                location: Some(given.location),
                ..RareState::default()
            }));
        }
        let has_context = given.context.is_some();
        live.context = given.context;
        let state = state | if has_context { HAS_CONTEXT } else { 0 };
        self.state.store(state, Ordering::Release);
    }

    /// Changes the state, and the fields that belong to it, under the lock.
    #[inline]
    fn change<T>(&self, change: impl FnOnce(&mut LiveState, u16) -> (u16, T)) -> T {
        let mut live = lock(&self.live);
        let (state, result) = change(&mut live, self.state.load(Ordering::Relaxed));
        // Pairs with the loads of readers without the lock: they see the changes before it.
        self.state.store(state, Ordering::Release);
        result
    }

    /// Returns whether the task exists, and has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.state.load(Ordering::Acquire) & (BEGUN | ENDED) == BEGUN
    }

    fn more<T>(&self, use_it: impl FnOnce(&mut RareState) -> T) -> T {
        use_it(lock(&self.live).more.get_or_insert_default())
    }

    // ---- name and context ----

    pub(super) fn given_name(&self) -> Option<Arc<str>> {
        lock(&self.live).more.as_ref()?.name.clone()
    }

    /// Returns the number of the block's location where the task was spawned, or the location if it is none
    /// of these.
    pub(super) fn location(&self) -> Result<u8, &'static Location<'static>> {
        let number = self.flags.load(Ordering::Relaxed) & !REGISTERED;
        let live = lock(&self.live);
        match live.more.as_ref().and_then(|more| more.location) {
            Some(location) if number == ELSEWHERE => Err(location),
            _ => Ok(number),
        }
    }

    pub(crate) fn replace_context(
        &self,
        context: Option<Arc<ContextMap>>,
    ) -> Option<Arc<ContextMap>> {
        self.change(|live, state| {
            let has_context = if context.is_some() { HAS_CONTEXT } else { 0 };
            (
                state | has_context,
                mem::replace(&mut live.context, context),
            )
        })
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
    /// scopes of its group, and has neither a node nor context variables.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        const RARE: u16 = HAS_ROOT | CANCELLED | STARTING | HAS_CONTEXT;
        self.state.load(Ordering::SeqCst) & RARE == 0
    }

    /// Returns whether the task's frame has a node, created by a holder or a refused operation.
    #[inline]
    pub(crate) fn has_root(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_ROOT != 0
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

    // ---- cancellation ----

    #[inline]
    fn has(&self, bits: u16) -> bool {
        self.state.load(Ordering::SeqCst) & bits != 0
    }

    /// Cancels this task alone. Has no effect if it has ended.
    pub(crate) fn cancel(&self, cause: Cancelled) {
        if self.has(ENDED) {
            return;
        }
        let old = self.change(|live, state| {
            let more = live.more.get_or_insert_default();
            more.cause.get_or_insert(cause);
            (state | CANCELLED, state)
        });
        poll_state::mark_dirty();
        if old & CANCELLED == 0 {
            self.wake();
        }
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.live).more.as_ref()?.cause.clone()
    }

    /// Returns the cancellation of the task as a whole. `group` is the cancellation of its group.
    #[inline]
    pub(super) fn cancel_state_in(&self, group: CancelState) -> CancelState {
        let state = self.state.load(Ordering::SeqCst);
        if state & (CANCELLED | STARTING) == 0 {
            return group;
        }
        let own = if state & CANCELLED != 0 {
            CancelState::Cancelled
        } else {
            CancelState::No
        };
        match group {
            _ if state & STARTING == 0 => own.max(group),
            CancelState::Aborted => CancelState::Aborted,
            _ => own.max(self.callers_cancel_state()),
        }
    }

    /// Notes that the caller is cancelled or aborted, if the task is still starting; this is final. Returns
    /// the state before that, or `None` if the task is ready.
    pub(super) fn note_caller(&self, bits: u16) -> Option<u16> {
        self.change(|_, state| {
            if state & STARTING != 0 {
                (state | bits, Some(state))
            } else {
                (state, None)
            }
        })
    }

    pub(super) fn noted_of_caller(&self) -> CancelState {
        let state = self.state.load(Ordering::SeqCst);
        if state & CALLER_ABORTED != 0 {
            CancelState::Aborted
        } else if state & CALLER_CANCELLED != 0 {
            CancelState::Cancelled
        } else {
            CancelState::No
        }
    }

    // ---- `start`: one word decides under whose scopes the task lives ----

    /// Returns whether the task lives under the scopes of its starter.
    pub(crate) fn is_starting(&self) -> bool {
        self.has(STARTING)
    }

    /// Moves the task into its group, since it is ready. Returns false if its caller was cancelled before.
    pub(crate) fn move_to_group(&self) -> bool {
        self.callers_cancel_state();
        let moved = self.change(|live, state| {
            if state & CALLER_CANCELLED != 0 {
                return (state, None);
            }
            let caller = live.more.as_mut().and_then(|more| more.caller.take());
            (state & !STARTING, Some(caller))
        });
        poll_state::mark_dirty();
        moved.is_some()
    }

    /// Sets the caller of `start`.
    pub(crate) fn set_caller(&self, caller: Caller) {
        let old = self.more(|more| more.caller.replace(caller));
        drop(old);
    }

    /// Returns the caller of `start`, while the call is pending.
    pub(crate) fn caller(&self) -> Option<Caller> {
        lock(&self.live).more.as_ref()?.caller.clone()
    }

    /// Cancels the task because the caller of `start` is cancelled or gone. Has no effect if the task is
    /// ready.
    pub(crate) fn cancel_with_caller(&self) {
        self.callers_cancel_state();
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

    /// Ends the task. Returns whether the handle still exists.
    #[inline]
    pub(crate) fn finish(&self, end: End) -> bool {
        self.finish_as(match end {
            End::Finished => FINISHED,
            End::Failed => FAILED,
            End::Cancelled => WAS_CANCELLED,
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
    pub(super) fn finish_with(&self, value: Value) -> Option<Value> {
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
            ((more.root.take(), more.caller.take()), waiters)
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
    pub(super) fn take_boxed(&self) -> Option<Value> {
        lock(&self.live).more.as_mut()?.value.take()
    }

    #[cold]
    pub(super) fn return_boxed(&self, value: Value) {
        let old = self.more(|more| more.value.replace(value));
        drop(old);
    }

    /// Waits for the end. `key` identifies the waiter; it starts as zero.
    pub(crate) fn poll_end(&self, key: &mut u64, cx: &task::Context<'_>) -> Poll<End> {
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
