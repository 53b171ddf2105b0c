//! The heap part of a scope or holder, created only when something else must reach it.
//!
//! Nodes form a tree next to the tree of futures. A child refers to its parent strongly and a parent to its
//! children weakly. The owner of the future owns the node, and removes it from its parent's list when the
//! future ends.
//!
//! # Access
//!
//! 1. `flags`, `deadline`, `abort_at`: any thread, at any time. The owner reads them in each poll.
//! 2. `linked`, `parent`, `own_hold`: the owner alone, in a poll or in the drop of its future. Other
//!    threads read `parent` and `own_hold` under the lock.
//! 3. `holding`: the thread that changes a child's hold, under this node's lock alone. Changes of one
//!    child arrive in order. Those of two children may cross, so the count is signed.
//! 4. No lock is held while a waker is woken, cloned or dropped, nor while another node's lock is held.
//!    Walks are iterative, so deep trees need no stack.
//!
//! # Cancellation
//!
//! ```text
//!           cancel, deadline                 abort, abort_at
//!    ┌────┐ ────────────────▶ ┌───────────┐ ────────────────▶ ┌─────────┐
//!    │ No │                   │ Cancelled │                   │ Aborted │
//!    └────┘ ◀──────────────── └───────────┘                   └─────────┘
//!      │    late shield of a group               ▲
//!      └─────────────────────────────────────────┘ abort
//! ```
//!
//! # Orderings
//!
//! Every access to `flags`, `deadline` and `abort_at` is `SeqCst`. The pairs that matter:
//!
//! | writer | reader | guarantee |
//! | --- | --- | --- |
//! | a cancelling thread: sets the flag, then takes the waker under the lock | the owner: registers its waker under the lock, then reads the flags | the owner sees the flag, or the canceller finds the waker |
//! | `mark_shielded` sets `SHIELDED`, then the parent is set under the lock | a walk outwards reads the parent under the lock, then `SHIELDED` | nodes outside a shield are never seen without the shield |
//! | a release lowers `holding` and takes the waker in one critical section | the owner registers, then reads `holding` under the lock | the owner sees that no hold is left, or is woken |

#[cfg(all(test, loom))]
mod loom_tests;
mod probe;
mod refused;
mod tree;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Context, Waker};

use slab::Slab;

pub(crate) use self::probe::Probe;
pub(crate) use self::refused::Refusal;
use crate::engine::clock::Clock;
use crate::engine::{Cancelled, Cause, GroupState, poll_state};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock};
use crate::wake::wake_all;

/// The scope itself was cancelled: explicitly, by its deadline, or by a failure in a group. Set by any
/// thread; taken back by `undo_inherited` alone.
const CANCELLED: u32 = 1;
/// Holds in it no longer count (rule C12). Set by any thread together with `CANCELLED`, and never cleared.
const ABORTED: u32 = 1 << 1;
/// Cancellation from outside stops here, unless `INTERRUPTED_FROM_OUTSIDE` is set. Set and cleared through the scope's handle;
/// set by the owner for frames that always are shields.
const SHIELDED: u32 = 1 << 2;
/// Something in it was interrupted, and the scope caught the interruption. Set by the owner; read by handles.
const CAUGHT: u32 = 1 << 3;
/// Everything below was notified that a cancellation holds here. Set by the owner, or by a propagation from
/// further out, which stops at nodes that have it. Cleared by the owner in a poll without cancellation.
const PROPAGATED: u32 = 1 << 4;
/// This holder was woken to find out whether it can still be reached, and was not polled since. Set by the
/// probe of an outer scope; cleared by the holder's next poll, its release, or the lapse of its hold.
const PROBED: u32 = 1 << 5;
/// Its owner holds. A copy of `own_hold` that the owner reads without the lock.
const HOLDS: u32 = 1 << 7;
/// It has had children. Set by the first child's owner before it links itself, and never cleared.
const PARENT: u32 = 1 << 8;
/// It has had a probe. Set by the owner, and never cleared.
const HAS_PROBE: u32 = 1 << 9;
/// Operations were refused in it. Set after the first waker was kept, and never cleared.
const REFUSED: u32 = 1 << 10;
/// A cancellation from further out has interrupted something in it, so a shield comes too late. Set by the
/// interrupted task, and never cleared.
const INTERRUPTED_FROM_OUTSIDE: u32 = 1 << 11;
/// It belongs to a group, and was cancelled because an enclosing scope was. Taken back by `undo_inherited`.
const INHERITED: u32 = 1 << 12;
/// Its deadline was set through a handle after its length was given, so the length no longer counts. Set by
/// `set_deadline`, cleared by `init_deadline`, read by `begin`.
const MOVED: u32 = 1 << 13;
/// Its future has been polled, so its deadline counts. Set by the owner's first poll.
const BEGUN: u32 = 1 << 14;
/// Its future is gone. Set by the owner; read by walks that look for groups left behind.
const LEFT: u32 = 1 << 15;
/// It was cancelled again after it was cancelled, so `undo_inherited` must not take the cancellation back.
const CONFIRMED: u32 = 1 << 16;

/// The cancellation of a scope itself, or of a task; later states outrank earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CancelState {
    No,
    Cancelled,
    Aborted,
}

/// The shared state of a scope or holder; see the module for access and orderings.
pub(crate) struct Node {
    flags: AtomicU32,
    deadline: AtomicU64,
    abort_at: AtomicU64,
    /// The serial number of the frame that it is linked to; zero if none. Relaxed: only the owner accesses
    /// it.
    linked: AtomicU64,
    clock: Option<Clock>,
    /// The group that this scope belongs to, if any.
    group: OnceLock<Weak<GroupState>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parent: Option<(Arc<Node>, usize)>,
    children: Slab<Weak<Node>>,
    /// The number of children that hold.
    holding: isize,
    own_hold: bool,
    /// The hold was found to be stranded. It counts again when its holder is polled.
    lapsed: bool,
    waker: Option<Waker>,
    /// The wakers of operations that did not start here; each belongs to a [`Refusal`].
    refused: Slab<Option<Waker>>,
    /// The wakers of structural futures that were interrupted here, each once.
    interrupted: Vec<Waker>,
    cause: Option<Cancelled>,
    probe: Option<Arc<Probe>>,
    name: Option<Arc<str>>,
}

impl State {
    fn holds(&self) -> bool {
        !self.lapsed && (self.own_hold || self.holding > 0)
    }
}

impl Node {
    /// Creates a node without a clock. It has no deadline that could be moved.
    pub(crate) fn new() -> Arc<Node> {
        Arc::new(Node::build(None))
    }

    /// Creates the node of a scope with a handle.
    pub(crate) fn with_clock(clock: Clock) -> Arc<Node> {
        Arc::new(Node::build(Some(clock)))
    }

    fn build(clock: Option<Clock>) -> Node {
        Node {
            flags: AtomicU32::new(0),
            deadline: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
            abort_at: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
            linked: AtomicU64::new(0),
            clock,
            group: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    #[inline]
    fn has(&self, flag: u32) -> bool {
        // SeqCst, as every write to `flags`: if the owner registers its waker and then finds no flag, the
        // cancellation comes later in the total order and finds the waker.
        self.flags.load(Ordering::SeqCst) & flag != 0
    }

    fn raise(&self, flag: u32) -> bool {
        self.flags.fetch_or(flag, Ordering::SeqCst) & flag == 0
    }

    fn lower(&self, flag: u32) -> bool {
        self.flags.fetch_and(!flag, Ordering::SeqCst) & flag != 0
    }

    // ---- for handles and groups ----

    /// Returns the cancellation of the scope or task that this node belongs to, as of now.
    #[inline]
    pub(crate) fn cancel_state(&self) -> CancelState {
        match self.flags.load(Ordering::SeqCst) & (CANCELLED | ABORTED) {
            0 => CancelState::No,
            CANCELLED => CancelState::Cancelled,
            _ => CancelState::Aborted,
        }
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }

    /// Returns whether the node is cancelled. A deadline that has passed unnoticed since the scope began
    /// counts as well.
    pub(crate) fn is_cancelled_now(&self) -> bool {
        let deadline = self.deadline();
        let has_passed = |clock: Clock| self.has(BEGUN) && deadline <= clock.now();
        self.is_cancelled()
            || (deadline != Instant::FAR_FUTURE && self.clock.is_some_and(has_passed))
    }

    #[inline]
    pub(crate) fn is_aborted(&self) -> bool {
        self.has(ABORTED)
    }

    #[inline]
    pub(crate) fn is_shielded(&self) -> bool {
        self.flags.load(Ordering::SeqCst) & (SHIELDED | INTERRUPTED_FROM_OUTSIDE) == SHIELDED
    }

    pub(crate) fn mark_shielded(&self) {
        self.raise(SHIELDED);
    }

    /// Notes that a cancellation from further out interrupted something in it: a shield comes too late.
    pub(crate) fn latch(&self) {
        self.raise(INTERRUPTED_FROM_OUTSIDE);
    }

    pub(crate) fn is_caught(&self) -> bool {
        self.has(CAUGHT)
    }

    pub(crate) fn set_caught(&self) {
        self.raise(CAUGHT);
    }

    #[inline]
    pub(crate) fn deadline(&self) -> Instant {
        Instant::from_bits(self.deadline.load(Ordering::SeqCst))
    }

    pub(crate) fn abort_at(&self) -> Instant {
        Instant::from_bits(self.abort_at.load(Ordering::SeqCst))
    }

    pub(crate) fn clock(&self) -> Option<Clock> {
        self.clock
    }

    /// Returns the time on its clock. A node without a clock has no handle, so the result does not matter
    /// there.
    pub(crate) fn now(&self) -> Instant {
        self.clock.map_or(Instant::FAR_PAST, |clock| clock.now())
    }

    pub(crate) fn name(&self) -> Option<Arc<str>> {
        lock(&self.state).name.clone()
    }

    pub(crate) fn set_name(&self, name: Arc<str>) {
        lock(&self.state).name = Some(name);
    }

    pub(crate) fn set_group(&self, group: Weak<GroupState>) {
        let first = self.group.set(group);
        debug_assert!(first.is_ok(), "a node stands for one group");
    }

    pub(crate) fn group(&self) -> Option<Arc<GroupState>> {
        self.group.get()?.upgrade()
    }

    /// Returns the cause of its cancellation. A deadline that has passed unnoticed counts as well.
    pub(crate) fn cause_now(&self) -> Option<Cancelled> {
        let known = self.cause();
        known.or_else(|| {
            self.is_cancelled_now()
                .then(|| Cancelled::new(Cause::Deadline))
        })
    }

    pub(crate) fn cause(&self) -> Option<Cancelled> {
        lock(&self.state).cause.clone()
    }

    /// Cancels a group's scope because an enclosing scope is cancelled.
    pub(crate) fn cancel_inherited(self: &Arc<Self>) {
        if !self.is_cancelled() {
            self.raise(INHERITED);
            self.cancel(Cancelled::new(Cause::Enclosing));
        }
    }

    /// Returns whether the node belongs to a group and was cancelled because an enclosing scope was.
    pub(crate) fn is_inherited(&self) -> bool {
        self.has(INHERITED)
    }

    /// Cancels the scope, and notifies everything below. Returns false if it was cancelled already.
    pub(crate) fn cancel(self: &Arc<Self>, cause: Cancelled) -> bool {
        // The first cause wins, even if it is a deadline that passed unnoticed.
        let cause = self.cause_now().unwrap_or(cause);
        let first = {
            let mut state = lock(&self.state);
            state.cause.get_or_insert(cause);
            // Set under the lock, since `undo_inherited` reads and clears the flag under it.
            self.raise(CANCELLED) || {
                self.raise(CONFIRMED);
                false
            }
        };
        // Also if another thread came first: this poll may have begun before that.
        poll_state::mark_dirty();
        if !first {
            return false;
        }
        self.propagate_all();
        true
    }

    /// Aborts the scope: every hold in it lapses.
    pub(crate) fn abort(self: &Arc<Self>, cause: Cancelled) {
        lock(&self.state).cause.get_or_insert(cause);
        let old = self.flags.fetch_or(CANCELLED | ABORTED, Ordering::SeqCst);
        poll_state::mark_dirty();
        if old & ABORTED == 0 {
            self.abort_groups();
            self.propagate_all();
        }
    }

    /// Aborts the scope at `at`, unless an earlier abort is set already.
    pub(crate) fn set_abort_at(self: &Arc<Self>, at: Instant) {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst);
        self.wake();
        // Tasks below go on even if the scope is not polled.
        self.walk_groups(|node, group| {
            let earlier = node.limit_abort_at(at);
            group.set_alarm(at);
            earlier || Arc::ptr_eq(node, self)
        });
    }

    /// Brings the abort forward to `at`. Returns whether that is earlier than before.
    fn limit_abort_at(&self, at: Instant) -> bool {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst) > at.to_bits()
    }

    /// Copies the earliest abort time of the enclosing scopes, since this one will be out of their reach. The
    /// walk stops at a group without a host, which has done the same.
    pub(crate) fn take_over_abort_at(&self) {
        let mut at = Instant::FAR_FUTURE;
        let mut around = self.parent();
        // Ends at the root: each step goes one node outwards.
        while let Some(node) = around {
            at = at.min(node.abort_at());
            if node.group().is_some_and(|group| group.is_orphaned()) {
                break;
            }
            around = node.parent();
        }
        if at != Instant::FAR_FUTURE
            && self.limit_abort_at(at)
            && let Some(group) = self.group()
        {
            group.set_alarm(at);
        }
    }

    /// Returns the time of its next deadline: the one that cancels, or the one that aborts.
    pub(crate) fn next_limit(&self) -> Instant {
        match self.cancel_state() {
            CancelState::No => self.deadline().min(self.abort_at()),
            CancelState::Cancelled => self.abort_at(),
            CancelState::Aborted => Instant::FAR_FUTURE,
        }
    }

    pub(crate) fn set_deadline(self: &Arc<Self>, deadline: Instant) {
        if self.is_cancelled_now() {
            // Moving a deadline that has passed does not take the cancellation back (rule C9).
            self.cancel(Cancelled::new(Cause::Deadline));
        }
        self.raise(MOVED);
        self.deadline.store(deadline.to_bits(), Ordering::SeqCst);
        poll_state::mark_dirty();
        self.wake();
    }

    /// Sets the deadline of a scope that has not begun.
    pub(crate) fn init_deadline(&self, deadline: Instant) {
        self.lower(MOVED);
        self.deadline.store(deadline.to_bits(), Ordering::SeqCst);
    }

    /// Begins: the deadline counts from now on. `deadline` is the end of the scope's length, which applies if
    /// the length was set last.
    pub(crate) fn begin(self: &Arc<Self>, deadline: Instant) {
        let (none, bits) = (Instant::FAR_FUTURE.to_bits(), deadline.to_bits());
        if !self.has(MOVED) {
            // Fails if a deadline was set explicitly, or is moved at this moment.
            let _ = self
                .deadline
                .compare_exchange(none, bits, Ordering::SeqCst, Ordering::SeqCst);
        }
        self.raise(BEGUN);
        if self.is_cancelled_now() {
            self.cancel(Cancelled::new(Cause::Deadline));
        }
    }

    /// Brings the deadline forward to `deadline`, unless it is earlier already.
    pub(crate) fn limit(&self, deadline: Instant) {
        self.deadline
            .fetch_min(deadline.to_bits(), Ordering::SeqCst);
    }

    pub(crate) fn set_shield(self: &Arc<Self>, on: bool) {
        let changed = if on {
            self.undo_inherited();
            self.raise(SHIELDED)
        } else {
            self.lower(SHIELDED)
        };
        poll_state::mark_dirty();
        if changed {
            // Each frame below evaluates its state again.
            self.wake_own();
            self.wake_below(|_| true);
        }
    }

    /// Takes an inherited cancellation back. A group that is opened in a cancelled scope is cancelled from
    /// the start. If its body switches a shield on before anything was interrupted and before any child was
    /// spawned, the shield comes in time (rule C7).
    fn undo_inherited(&self) {
        if self.group().is_none_or(|group| group.living() > 0) {
            return;
        }
        let mut state = lock(&self.state);
        let flags = self.flags.load(Ordering::SeqCst);
        if flags & (INHERITED | CONFIRMED | ABORTED | INTERRUPTED_FROM_OUTSIDE) == INHERITED {
            self.lower(INHERITED | CANCELLED);
            let cause = state.cause.take();
            drop(state);
            drop(cause);
        }
    }

    // ---- wakers ----

    /// Stores the waker of this poll.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        let mut state = lock(&self.state);
        match &state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => return,
            _ => {}
        }
        drop(state);
        let waker = cx.waker().clone();
        state = lock(&self.state);
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the waker, for callers that wake several at once.
    pub(super) fn take_waker(&self) -> Option<Waker> {
        lock(&self.state).waker.take()
    }

    /// Notifies this node and everything in it of its cancellation.
    fn propagate_all(&self) {
        // If a waker panics, the rest is still notified: nothing else does it.
        let own = catch_unwind(AssertUnwindSafe(|| self.wake_own()));
        self.propagate();
        if let Err(payload) = own {
            resume_unwind(payload);
        }
    }

    /// Wakes this node and, if it belongs to a group, the group's children.
    fn wake_own(&self) {
        let own = catch_unwind(AssertUnwindSafe(|| self.wake()));
        if let Some(group) = self.group() {
            group.wake_children();
            if self.is_cancelled() {
                group.cancel_left_behind();
            }
        }
        if let Err(payload) = own {
            resume_unwind(payload);
        }
    }

    /// Notifies everything below, down to shields, that a cancellation holds here: wakes it, and cancels the
    /// groups in it. Nodes with `PROPAGATED` are not descended into, so each node is visited once even if
    /// several frames propagate to it.
    fn propagate(&self) {
        self.wake_below(|node| {
            if let Some(group) = node.group() {
                node.raise_inherited(CANCELLED, &group);
            }
            node.raise(PROPAGATED)
        });
    }

    /// Wakes everything below, down to shields. `descend` decides whether to continue below a node.
    fn wake_below(&self, mut descend: impl FnMut(&Node) -> bool) {
        let mut wakers = Vec::new();
        self.walk_below(|node| {
            if node.is_shielded() {
                return false;
            }
            wakers.extend(node.take_waker());
            descend(node)
        });
        wake_all(wakers.into_iter());
    }

    /// Cancels or aborts a group because an enclosing scope is. The group's children are tasks of their own,
    /// so they are woken here. Returns whether a flag was new.
    fn raise_inherited(&self, flags: u32, group: &GroupState) -> bool {
        lock(&self.state)
            .cause
            .get_or_insert_with(|| Cancelled::new(Cause::Enclosing));
        let old = self.flags.fetch_or(flags, Ordering::SeqCst);
        if old & CANCELLED == 0 {
            self.raise(INHERITED);
        }
        let first = old & flags != flags;
        if first {
            group.wake_children();
            group.cancel_left_behind();
        }
        first
    }

    /// Aborts the groups below; shields do not stop this. Everything below a group that was aborted before
    /// has been visited already, so each node is visited once.
    pub(crate) fn abort_groups(self: &Arc<Self>) {
        self.walk_groups(|node, group| {
            let first = node.raise_inherited(CANCELLED | ABORTED, group);
            first || Arc::ptr_eq(node, self)
        });
    }

    /// Visits the group of this node and the groups below, including those in their tasks. `descend` decides
    /// whether to continue below a group.
    fn walk_groups(
        self: &Arc<Self>,
        mut descend: impl FnMut(&Arc<Node>, &Arc<GroupState>) -> bool,
    ) {
        let mut rest = vec![self.clone()];
        while let Some(node) = rest.pop() {
            if let Some(group) = node.group() {
                if !descend(&node, &group) {
                    continue;
                }
                // Groups that lost their host have left the tree of nodes, but not that of groups.
                rest.extend(group.nested().iter().map(|nested| nested.node.clone()));
            }
            rest.append(&mut node.children());
        }
    }

    /// Propagates the cancellation to everything below, if that has not happened yet. Called when the owner
    /// is polled under effective cancellation. Returns true the first time.
    pub(crate) fn propagate_once(&self) -> bool {
        let first = self.raise(PROPAGATED);
        if first {
            self.propagate();
        }
        first
    }

    /// Notes that everything below was notified of a cancellation already.
    pub(crate) fn note_propagated(&self) {
        if !self.has(PROPAGATED) {
            self.raise(PROPAGATED);
        }
    }

    /// Returns whether a cancellation was propagated to what is below.
    pub(crate) fn was_propagated(&self) -> bool {
        self.has(PROPAGATED)
    }

    /// Ends the propagation. Called when the owner is polled without cancellation: refused operations here
    /// and below may start now.
    pub(crate) fn reset_propagated(&self) {
        if self.has(PROPAGATED) && self.lower(PROPAGATED) {
            self.wake_refused();
            self.wake_children();
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("cancelled", &self.is_cancelled())
            .field("aborted", &self.is_aborted())
            .field("shielded", &self.is_shielded())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
