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

mod cancel;
mod cancel_state;
mod deadline;
#[cfg(all(test, loom))]
mod loom_tests;
mod probe;
mod propagate;
mod refused;
mod stranded;
mod tree;

use std::fmt;
use std::task::{Context, Waker};

use slab::Slab;

pub(crate) use self::cancel_state::CancelState;
pub(crate) use self::probe::Probe;
pub(crate) use self::refused::Refusal;
use crate::engine::clock::Clock;
use crate::engine::{Cancelled, GroupState};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock};

/// The scope itself was cancelled: explicitly, by its deadline, or by a failure in a group. Set by any
/// thread; taken back by `undo_inherited` alone.
const CANCELLED: u32 = 1;
/// Holds in it no longer count (rule C12). Set by any thread together with `CANCELLED`, and never cleared.
const ABORTED: u32 = 1 << 1;
/// Cancellation from outside stops here, unless `INTERRUPTED_FROM_OUTSIDE` is set. Set and cleared through the
/// scope's handle; set by the owner for frames that always are shields.
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

    pub(crate) fn clock(&self) -> Option<Clock> {
        self.clock
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
