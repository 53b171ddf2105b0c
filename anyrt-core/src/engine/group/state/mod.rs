//! The state that every kind of group shares: its members, and whether it has ended.
//!
//! # Access
//!
//! 1. `living` is one word: the number of children, whether the group has ended, and whether its host is
//!    gone. A spawn counts itself in and learns in the same step whether it came too late.
//! 2. A child counts itself out after its future has been dropped. The last one wakes the host or, if the
//!    host is gone, ends the group in its place.
//! 3. While tasks live in a group, it counts as one child of the group around it (*adoption*, rule C10).
//!    So the drop of a host needs no action, and a host that is forgotten delays nothing once its children
//!    have ended (rule G1). Children that the host polls in place do not count there: they are dropped with
//!    it. The last task counts the group out and then wakes the host, so a group that has ended counts
//!    nowhere.
//! 4. If the group around has ended, a group that was moved out of it is adopted by the next one out, at
//!    last by the run. It moves there when it is counted in. While it counts in a group, that group cannot
//!    end, so it is counted out where it was counted in.
//!
//! ```text
//!            host done, no child left
//!   ┌──────┐ ──────────────────────────▶ ┌───────┐
//!   │ open │                             │ ended │
//!   └──────┘ ──▶ ┌──────────┐ ─────────▶ └───────┘
//!     host       │ orphaned │  the last child leaves, or there is none
//!     dropped    └──────────┘
//! ```
//!
//! # Orderings
//!
//! | word | pairs |
//! | --- | --- |
//! | `living` | Every change reads and writes this one word, so each change sees all earlier ones: a spawn or the end, the last child or the drop of the host. The effects of a child are released when it counts itself out, and acquired by the `try_end` that finds the group empty. The host registers its waker and then reads `living`; the last child counts itself out and then takes the waker. The waker's lock orders the two, so one of them sees the other. |
//! | `cut_short` | Written by a child before it counts itself out, and read by the host after that: relaxed. |
//! | `around` | Written by the host before its body spawns anything, which orders it before all reads by children: relaxed. |
//! | `alarm` | Written under the lock of the run's [`Alarms`](super::alarms::Alarms), read without it. A reader may find an alarm that is just being carried out, and then need not set its own: `carry_out_deadlines` reads the node, which has the new limit already, after the alarm is reset, and sets the next. |

mod count;
mod deadlines;
mod failures;
mod nesting;
mod open;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

use crate::engine::clock::Clock;
use crate::engine::{Cancelled, Children, Node, Owner, Run, SpawnArgs, TaskRecord, trace};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, AtomicU64};
use crate::loom::{Arc, Mutex, OnceLock, Weak};
use crate::unwind::Payload;

/// The state of a group; see the module for access and orderings.
pub(crate) struct GroupState {
    pub(crate) node: Arc<Node>,
    pub(crate) location: &'static Location<'static>,
    /// The task whose future contains the group.
    pub(crate) host: Option<TaskRecord>,
    pub(crate) run: Option<Arc<Run>>,
    pub(crate) keeps_going: bool,
    /// See [`Spawn::tag`](crate::runtime::Spawn::tag).
    pub(crate) tag: u8,
    /// `true` if the host polls the children.
    in_place: bool,
    living: AtomicU64,
    cut_short: AtomicBool,
    around: AtomicU64,
    enclosing: Mutex<Surrounding>,
    /// The time at which the run handles the group's deadlines, in bits.
    alarm: AtomicU64,
    alarm_number: OnceLock<u64>,
    pub(super) children: Children,
    nested: Mutex<Nested>,
    panic: Mutex<Option<Payload>>,
}

/// The group around a group.
enum Surrounding {
    /// None: the group is outside of every other, or belongs to a run.
    None,
    /// This group, which lists the inner one under the number.
    Group(Arc<GroupState>, u64),
    /// The run is over: no child can enter.
    Over,
}

/// The groups directly inside, in the order of their opening.
#[derive(Default)]
struct Nested {
    opened: u64,
    groups: BTreeMap<u64, Weak<GroupState>>,
}

impl GroupState {
    /// Creates the outermost group of a run.
    pub(crate) fn of_run(
        clock: Clock,
        location: &'static Location<'static>,
        tag: u8,
        run: Arc<Run>,
    ) -> Arc<GroupState> {
        Arc::new_cyclic(|weak| GroupState {
            run: Some(run),
            keeps_going: true,
            ..GroupState::build(weak, clock, location, tag)
        })
    }

    fn build(
        weak: &Weak<GroupState>,
        clock: Clock,
        location: &'static Location<'static>,
        tag: u8,
    ) -> GroupState {
        let node = Node::with_clock(clock);
        node.set_group(weak.clone());
        // A group begins when it is created: its deadline counts at once.
        node.begin(Instant::FAR_FUTURE);
        GroupState {
            node,
            location,
            host: None,
            run: None,
            keeps_going: false,
            in_place: false,
            tag,
            living: AtomicU64::new(0),
            cut_short: AtomicBool::new(false),
            around: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
            enclosing: Mutex::new(Surrounding::None),
            alarm: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
            alarm_number: OnceLock::new(),
            children: Children::default(),
            nested: Mutex::default(),
            panic: Mutex::new(None),
        }
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.node
            .name()
            .unwrap_or_else(|| self.location.to_string().into())
    }

    /// Returns whether the host polls the children.
    pub(crate) fn is_in_place(&self) -> bool {
        self.in_place
    }

    pub(crate) fn cancel(&self, cause: Cancelled) {
        self.node.cancel(cause);
    }

    // ---- the list of children ----

    /// Adds a child to the list. `owner` is stored with it.
    #[inline(always)]
    pub(crate) fn insert(
        self: &Arc<Self>,
        owner: impl FnOnce() -> Option<Owner>,
        given: SpawnArgs,
    ) -> TaskRecord {
        let record = self.children.insert(self, owner, given);
        trace::spawned(&record);
        record
    }

    /// Wakes every child, so that it sees that the group is cancelled.
    pub(crate) fn wake_children(&self) {
        self.children.wake();
    }

    /// Returns the children, in the order of their ids.
    pub(crate) fn children(&self) -> Vec<TaskRecord> {
        let mut all = self.children.all();
        all.sort_by_key(|child| child.id());
        all
    }
}

impl fmt::Debug for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.name())
            .field("living", &self.living())
            .field("ended", &self.has_ended())
            .field("scope", &self.node)
            .finish_non_exhaustive()
    }
}
