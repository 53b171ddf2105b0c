//! The heap part of a scope or holder, made only when something elsewhere must reach it.
//!
//! Nodes form a tree beside the tree of futures. A child refers to its parent strongly and a
//! parent to its children weakly; who owns the future owns the node, and takes it out of its
//! parent's list when the future ends.
//!
//! # Who may do what
//!
//! 1. `flags`, `deadline`: anybody, at any time; the owner reads them in each poll.
//! 2. `linked`, `parent`, `own_hold`: the owner alone, in a poll or a drop of its future.
//! 3. `holding`: whoever changes a child's hold, under this node's lock alone. Changes of one
//!    child arrive in order; those of two may cross, so the count is signed.
//! 4. No lock is held while a waker is woken, cloned or dropped, nor while another node's lock
//!    is. Walks are iterative, so depth costs no stack.

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

/// The scope was cancelled itself: explicitly, by its deadline, by a failure in a group.
const CANCELLED: u32 = 1;
/// Holds in it no longer count (rule C12).
const ABORTED: u32 = 1 << 1;
/// Cancellation from outside stops here.
const SHIELDED: u32 = 1 << 2;
/// Something in it was interrupted, and the scope caught that.
const CAUGHT: u32 = 1 << 3;
/// What is below has been told that a cancellation holds here: by its owner, or on the way down from
/// further out.
const PROPAGATED: u32 = 1 << 4;
/// It was woken to find out whether it can still be reached, and was not polled since.
const ASKED: u32 = 1 << 5;
/// Its owner holds; a copy of `own_hold` that can be read without the lock.
const HOLDS: u32 = 1 << 7;
/// It has had children.
const PARENT: u32 = 1 << 8;
/// It has a probe.
const HAS_PROBE: u32 = 1 << 9;
/// Operations were refused in it.
const REFUSED: u32 = 1 << 10;
/// A cancellation from around has interrupted something in it.
const LATCHED: u32 = 1 << 11;
/// It is a group's, and was cancelled because something around it was.
const INHERITED: u32 = 1 << 12;
/// Its deadline was set through a handle since its length was given: the length counts no more.
const MOVED: u32 = 1 << 13;
/// Its future has been polled, so its deadline counts.
const BEGUN: u32 = 1 << 14;
/// Its future is gone.
const LEFT: u32 = 1 << 15;
/// It was cancelled itself after something around it was.
const CONFIRMED: u32 = 1 << 16;

/// The cancellation of a scope itself, or of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CancelState {
    No,
    Cancelled,
    Aborted,
}

pub(crate) struct Node {
    flags: AtomicU32,
    deadline: AtomicU64,
    abort_at: AtomicU64,
    /// Which frame it was reported to; zero if none.
    linked: AtomicU64,
    clock: Option<Clock>,
    /// The group whose scope this is.
    group: OnceLock<Weak<GroupState>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parent: Option<(Arc<Node>, usize)>,
    children: Slab<Weak<Node>>,
    /// How many children hold.
    holding: isize,
    own_hold: bool,
    /// The hold was found to be stranded; it counts again when its holder is polled.
    lapsed: bool,
    waker: Option<Waker>,
    /// Wakers of operations that did not start here; each belongs to a [`Refusal`].
    refused: Slab<Option<Waker>>,
    /// Wakers of structural futures that were interrupted here, each once.
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
    /// A node of something without a clock: it has no deadline that could be moved.
    pub(crate) fn new() -> Arc<Node> {
        Arc::new(Node::build(None))
    }

    /// The node of a scope with a handle.
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
        // SeqCst, as every write to `flags`: a poll that registers its waker and then finds no
        // flag is ordered before the cancellation, which then finds the waker.
        self.flags.load(Ordering::SeqCst) & flag != 0
    }

    fn raise(&self, flag: u32) -> bool {
        self.flags.fetch_or(flag, Ordering::SeqCst) & flag == 0
    }

    fn lower(&self, flag: u32) -> bool {
        self.flags.fetch_and(!flag, Ordering::SeqCst) & flag != 0
    }

    // ---- what handles and groups see and do ----

    /// The cancellation of what this node stands for, as of now.
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

    /// Whether it is cancelled, counting a deadline that has passed unnoticed since it began.
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
        self.flags.load(Ordering::SeqCst) & (SHIELDED | LATCHED) == SHIELDED
    }

    pub(crate) fn mark_shielded(&self) {
        self.raise(SHIELDED);
    }

    /// Something in it was interrupted because of a cancellation around it: a shield comes late.
    pub(crate) fn latch(&self) {
        self.raise(LATCHED);
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

    /// The time on its clock; a node without one has no handle that could ask.
    pub(crate) fn now(&self) -> Instant {
        self.clock
            .map_or(Instant::DISTANT_PAST, |clock| clock.now())
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

    /// Why it is cancelled, counting a deadline that has passed without anybody noticing.
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

    /// Cancels a group's scope because something around it is cancelled.
    pub(crate) fn cancel_inherited(self: &Arc<Self>) {
        if !self.is_cancelled() {
            self.raise(INHERITED);
            self.cancel(Cancelled::new(Cause::Enclosing));
        }
    }

    /// Whether it is a group's, and was cancelled because something around it was.
    pub(crate) fn is_inherited(&self) -> bool {
        self.has(INHERITED)
    }

    /// Cancels the scope, and tells everything below. False if it was cancelled already.
    pub(crate) fn cancel(self: &Arc<Self>, cause: Cancelled) -> bool {
        // The first cause wins, also if it is a deadline that nobody has noticed yet.
        let cause = self.cause_now().unwrap_or(cause);
        let first = {
            let mut state = lock(&self.state);
            state.cause.get_or_insert(cause);
            // Under the lock, as a late shield that takes an inherited cancellation back.
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

    /// Lets every hold in the scope lapse.
    pub(crate) fn abort(self: &Arc<Self>, cause: Cancelled) {
        lock(&self.state).cause.get_or_insert(cause);
        let old = self.flags.fetch_or(CANCELLED | ABORTED, Ordering::SeqCst);
        poll_state::mark_dirty();
        if old & ABORTED == 0 {
            self.abort_groups();
            self.propagate_all();
        }
    }

    /// Aborts the scope at `at`, unless that is to happen earlier already.
    pub(crate) fn set_abort_at(self: &Arc<Self>, at: Instant) {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst);
        self.wake();
        // Tasks below go on although nobody polls the scope.
        self.walk_groups(|node, group| {
            let earlier = node.limit_abort_at(at);
            group.set_alarm(at);
            earlier || Arc::ptr_eq(node, self)
        });
    }

    /// Brings the abort forward to `at`; whether that is earlier than it was.
    fn limit_abort_at(&self, at: Instant) -> bool {
        self.abort_at.fetch_min(at.to_bits(), Ordering::SeqCst) > at.to_bits()
    }

    /// Takes over when scopes around are to be aborted, since this one will be out of their reach. Scopes
    /// around a group that has done so need no look.
    pub(crate) fn take_over_abort_at(&self) {
        let mut at = Instant::FAR_FUTURE;
        let mut around = self.parent();
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

    /// When the next of its deadlines passes: the one that cancels, or the one that aborts.
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

    /// Begins: the deadline counts from now on. `deadline` is what a length came to, if that was the
    /// last that was said.
    pub(crate) fn begin(self: &Arc<Self>, deadline: Instant) {
        let (none, bits) = (Instant::FAR_FUTURE.to_bits(), deadline.to_bits());
        if !self.has(MOVED) {
            // Fails if the deadline was given as such, or is moved at this moment.
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
            // Each looks for itself what holds now.
            self.wake_own();
            self.wake_below(|_| true);
        }
    }

    /// A group that is opened in a cancelled scope is cancelled from the start. A shield that its body
    /// switches on before anything was interrupted and any child was there comes in time (rule C7).
    fn undo_inherited(&self) {
        if self.group().is_none_or(|group| group.living() > 0) {
            return;
        }
        let mut state = lock(&self.state);
        let flags = self.flags.load(Ordering::SeqCst);
        if flags & (INHERITED | CONFIRMED | ABORTED | LATCHED) == INHERITED {
            self.lower(INHERITED | CANCELLED);
            let cause = state.cause.take();
            drop(state);
            drop(cause);
        }
    }

    // ---- wakers ----

    /// Keeps the waker of this poll.
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

    /// Takes the waker, for a caller that wakes several at once.
    pub(super) fn take_waker(&self) -> Option<Waker> {
        lock(&self.state).waker.take()
    }

    /// Tells this node and what is in it of its cancellation.
    fn propagate_all(&self) {
        // If a waker panics, the rest is told all the same: nothing else does.
        let own = catch_unwind(AssertUnwindSafe(|| self.wake_own()));
        self.propagate();
        if let Err(payload) = own {
            resume_unwind(payload);
        }
    }

    /// Wakes this node, and the children if it is a group's.
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

    /// Tells everything below, down to shields, that a cancellation holds here: wakes it, and cancels the
    /// groups in it. What has been told before is not visited again, so that each node is visited once
    /// however many frames tell what is below them.
    fn propagate(&self) {
        self.wake_below(|node| {
            if let Some(group) = node.group() {
                node.raise_inherited(CANCELLED, &group);
            }
            node.raise(PROPAGATED)
        });
    }

    /// Wakes everything below, down to shields; `descend` decides whether to go on below a node.
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

    /// Carries a cancellation from around over to a group, whose children are tasks of their own.
    /// Returns whether that was news.
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

    /// Aborts the groups below, whose children are tasks of their own; shields do not stop this. What is
    /// below a group that was aborted before has been visited then: each node is visited once.
    pub(crate) fn abort_groups(self: &Arc<Self>) {
        self.walk_groups(|node, group| {
            let first = node.raise_inherited(CANCELLED | ABORTED, group);
            first || Arc::ptr_eq(node, self)
        });
    }

    /// Visits the group that this node stands for and those below, in their tasks too; `descend` says
    /// whether to go on below one.
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
                // Groups that lost their host have left the tree of nodes, not that of groups.
                rest.extend(group.nested().iter().map(|nested| nested.node.clone()));
            }
            rest.append(&mut node.children());
        }
    }

    /// Called when the owner is polled under effective cancellation. True the first time; then
    /// everything below has been told.
    pub(crate) fn propagate_once(&self) -> bool {
        let first = self.raise(PROPAGATED);
        if first {
            self.propagate();
        }
        first
    }

    /// Notes that everything below knows of a cancellation already.
    pub(crate) fn note_propagated(&self) {
        if !self.has(PROPAGATED) {
            self.raise(PROPAGATED);
        }
    }

    /// Returns whether a cancellation was propagated to what is below.
    pub(crate) fn was_propagated(&self) -> bool {
        self.has(PROPAGATED)
    }

    /// Called when the owner is polled without. What was refused may start now, here and below.
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
