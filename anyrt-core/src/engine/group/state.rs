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

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::panic::Location;

use crate::engine::clock::Clock;
use crate::engine::{
    Cancelled, Cause, Children, Node, Owner, Run, SpawnArgs, TaskRecord, poll_state,
};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::loom::{Arc, Mutex, Weak, lock};
use crate::unwind::{Payload, drop_quietly};

/// The group has ended: no child can enter. Set by `try_end`, only while no other bit but `ORPHANED` is set.
const ENDED: u64 = 1;
/// The host is gone: the last child ends the group. Set by the drop of the host.
const ORPHANED: u64 = 1 << 1;
/// The group around counts this one. Set by the thread that counted it in there; cleared by the thread that
/// will count it out. Set only while a task lives here.
const COUNTED: u64 = 1 << 2;
/// One thread that is counting the group out of the one around. Several can at once; the group cannot end
/// meanwhile. The count has bits 3 to 9.
const LEAVING: u64 = 1 << 3;
/// One child that the host polls in place. The count has bits 10 to 33.
const IN_PLACE: u64 = 1 << 10;
/// One child that is a task of its own, or a group inside in which tasks live. The count has bits 34 to 63.
const TASK: u64 = 1 << 34;

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
    enclosing: Mutex<Enclosing>,
    /// The time at which the run handles the group's deadlines, in bits.
    alarm: AtomicU64,
    pub(super) children: Children,
    nested: Mutex<Nested>,
    panic: Mutex<Option<Payload>>,
}

/// The group around a group.
enum Enclosing {
    /// None: the group is outside of every other, or belongs to a run.
    Nobody,
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
    /// Creates a group hosted by the task that is being polled.
    pub(crate) fn new(
        clock: Clock,
        location: &'static Location<'static>,
        keeps_going: bool,
        in_place: bool,
        tag: u8,
    ) -> Arc<GroupState> {
        let host = poll_state::current_task();
        let around = poll_state::innermost_group(|node| node.group())
            .or_else(|| host.as_ref().map(|host| host.group().clone()));
        let run = around.as_ref().and_then(|around| around.run.clone());
        let group = Arc::new_cyclic(|weak| GroupState {
            host,
            run,
            keeps_going,
            in_place,
            ..GroupState::build(weak, clock, location, tag)
        });
        if let Some(around) = around {
            group.move_to(around);
        }
        group
    }

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
            enclosing: Mutex::new(Enclosing::Nobody),
            alarm: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
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

    // ---- counting ----

    /// Counts a child in. Returns false if the group has ended.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        if self.in_place {
            self.enter_in_place()
        } else {
            self.enter_as_task()
        }
    }

    /// Counts a child out. Its future must have been dropped.
    #[inline]
    pub(crate) fn leave(&self) {
        self.count_out(if self.in_place { IN_PLACE } else { TASK });
    }

    fn enter_in_place(&self) -> bool {
        let came = self.living.fetch_add(IN_PLACE, Ordering::SeqCst) & ENDED == 0;
        if !came {
            self.living.fetch_sub(IN_PLACE, Ordering::SeqCst);
        }
        came
    }

    /// Counts a task in, and the group in each group around that had no task. Returns false if the group or
    /// the run has ended.
    #[inline]
    pub(crate) fn enter_as_task(&self) -> bool {
        match self.count_in() {
            Some(true) => self.enter_around(),
            Some(false) => true,
            None => false,
        }
    }

    /// Counts a task in here. Returns whether the group around has to count this one now, or `None` if this
    /// one has ended.
    #[inline]
    fn count_in(&self) -> Option<bool> {
        let before = self.living.fetch_add(TASK, Ordering::SeqCst);
        if before & ENDED != 0 {
            self.living.fetch_sub(TASK, Ordering::SeqCst);
            return None;
        }
        // If it still counts there, the thread that is about to count it out sees this task and does not.
        Some(before / TASK == 0 && before & COUNTED == 0)
    }

    /// Counts a group with its first task in the group around. If the run is over, counts the task out again
    /// and returns false.
    #[cold]
    fn enter_around(&self) -> bool {
        let entered = self.try_enter_around();
        if !entered {
            self.leave_as_task();
        }
        entered
    }

    fn try_enter_around(&self) -> bool {
        // Ends at the outermost group: each round counts in one group further out, or moves a group out of
        // one that has ended.
        let mut inner: Option<Arc<GroupState>> = None;
        loop {
            let group = inner.as_deref().unwrap_or(self);
            let around = match &*lock(&group.enclosing) {
                Enclosing::Nobody => return true,
                Enclosing::Over => return false,
                Enclosing::Group(around, _) => around.clone(),
            };
            let Some(first) = around.count_in() else {
                group.move_out_of(&around);
                continue;
            };
            group.living.fetch_or(COUNTED, Ordering::SeqCst);
            if !first {
                return true;
            }
            inner = Some(around);
        }
    }

    /// Counts a task out. Its future must have been dropped.
    #[inline]
    pub(crate) fn leave_as_task(&self) {
        self.count_out(TASK);
    }

    #[inline]
    fn count_out(&self, one: u64) {
        let before = self.living.fetch_sub(one, Ordering::SeqCst);
        if before / one == 1 {
            self.left_by_last();
        }
    }

    /// Counts the group out of the one around after its last child or task has left. If that one has no other
    /// task, it is counted out as well, and so on. Then wakes the hosts, from the outside in.
    #[cold]
    fn left_by_last(&self) {
        // 1. Go outwards. Ends at the outermost group, or at the first that has another task or child
        //    group.
        let mut left: Vec<Arc<GroupState>> = Vec::new();
        let mut leaving = self.begin_to_leave();
        while let Some(around) = &leaving {
            let before = around.living.fetch_sub(TASK, Ordering::SeqCst);
            if before / TASK != 1 {
                break;
            }
            let next = around.begin_to_leave();
            left.extend(mem::replace(&mut leaving, next));
        }
        // 2. Come back inwards. Each but the last began to leave the next one; the last may have.
        let mut has_left = leaving.is_some();
        while let Some(group) = left.pop() {
            group.finish_leaving(has_left);
            has_left = true;
        }
        self.finish_leaving(has_left);
    }

    /// Clears `COUNTED` if the group has no task. Returns the group around in that case, for the caller to
    /// count this one out there.
    fn begin_to_leave(&self) -> Option<Arc<GroupState>> {
        if self.is_orphaned() && self.living() == 0 {
            // While the group around certainly exists.
            self.pass_on_panic();
        }
        let left = |living| {
            let leaves = living / TASK == 0 && living & COUNTED != 0;
            leaves.then_some((living & !COUNTED) + LEAVING)
        };
        let living = &self.living;
        let leaves = living.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
        leaves.ok().and_then(|_| self.around_it())
    }

    /// Ends the group or wakes its host if no child is left. Called after the group has been counted out, if
    /// it had to be.
    fn finish_leaving(&self, has_left: bool) {
        let left = if has_left { LEAVING } else { 0 };
        let living = self.living.fetch_sub(left, Ordering::SeqCst) - left;
        if living & !ORPHANED != 0 {
            return;
        }
        if living & ORPHANED != 0 {
            self.end_orphaned();
        } else {
            self.node.wake();
        }
    }

    /// Returns whether the group has no children, and the group around does not count it.
    pub(crate) fn is_empty(&self) -> bool {
        self.living.load(Ordering::SeqCst) & !ORPHANED == 0
    }

    fn around_it(&self) -> Option<Arc<GroupState>> {
        match &*lock(&self.enclosing) {
            Enclosing::Group(around, _) => Some(around.clone()),
            Enclosing::Nobody | Enclosing::Over => None,
        }
    }

    pub(crate) fn living(&self) -> usize {
        let living = self.living.load(Ordering::SeqCst);
        ((living % TASK) / IN_PLACE + living / TASK) as usize
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ENDED != 0
    }

    /// Ends the group if no child is in it.
    pub(crate) fn try_end(&self) -> bool {
        let living = &self.living;
        let ended = living.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |living| {
            (living & !ORPHANED == 0).then_some(living | ENDED)
        });
        if ended.is_ok() {
            self.children.clear();
        }
        ended.is_ok()
    }

    // ---- the group around ----

    /// Sets the group around.
    pub(super) fn move_to(self: &Arc<Self>, around: Arc<GroupState>) {
        let number = around.list_nested(self);
        let enclosing = Enclosing::Group(around, number);
        let old = mem::replace(&mut *lock(&self.enclosing), enclosing);
        drop(old);
    }

    fn list_nested(&self, group: &Arc<GroupState>) -> u64 {
        let mut nested = lock(&self.nested);
        nested.opened += 1;
        let number = nested.opened;
        nested.groups.insert(number, Arc::downgrade(group));
        number
    }

    /// Moves from the group around, which has ended, to the next one out.
    fn move_out_of(&self, around: &GroupState) {
        match (around.around_it(), self.node.group()) {
            (Some(next), Some(this)) => this.move_to(next),
            _ => {
                let over = if around.run.is_some() {
                    Enclosing::Over
                } else {
                    Enclosing::Nobody
                };
                let old = mem::replace(&mut *lock(&self.enclosing), over);
                drop(old);
            }
        }
    }

    /// Removes the group from all lists, since the host is done with it.
    pub(crate) fn detach(&self) {
        if let Enclosing::Group(around, number) = &*lock(&self.enclosing) {
            lock(&around.nested).groups.remove(number);
        }
        if let Some(run) = &self.run {
            run.alarms.clear(self);
        }
    }

    /// Handles the drop of the host before the end: the children are cancelled, and the last one ends the
    /// group.
    pub(crate) fn orphan(&self) {
        self.node.cancel(Cancelled::new(Cause::HostDropped));
        self.node.take_over_abort_at();
        // Either the last child sees the flag, or its departure is seen here.
        let before = self.living.fetch_or(ORPHANED, Ordering::SeqCst);
        if before & !ORPHANED == 0 {
            self.end_orphaned();
        }
    }

    pub(crate) fn is_orphaned(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ORPHANED != 0
    }

    /// Ends the group in place of its host. If the group was counted in the one around, its panic has been
    /// passed on before it was counted out.
    fn end_orphaned(&self) {
        if self.try_end() {
            self.pass_on_panic();
            self.detach();
        }
    }

    /// Passes a panic that is not handled here to the group around, or to the run.
    pub(crate) fn pass_on_panic(&self) {
        let Some(payload) = self.panic() else { return };
        match self.around_it() {
            Some(around) => around.take_panic(payload, Cause::ChildFailed, None),
            None => Run::unhandled_panic(self.run.as_deref(), payload),
        }
    }

    /// Cancels the groups directly inside that are no longer reached through the tree of scopes, because the
    /// scope that they were opened in has ended.
    pub(crate) fn cancel_left_behind(&self) {
        for group in self.nested() {
            let host = group.host.as_ref();
            let host_ended = host.is_some_and(|host| host.end().is_some());
            if group.node.was_left_behind(&self.node, host_ended) {
                group.node.cancel_inherited();
            }
        }
    }

    // ---- deadlines ----

    /// Makes the run handle the group's deadlines from `at` on, in case the host does not. Children that are
    /// polled in place do not continue without their host anyway.
    pub(crate) fn set_alarm(self: &Arc<Self>, at: Instant) {
        if !self.in_place
            && let Some(run) = &self.run
            && at < self.alarm()
        {
            run.alarms.set(self, at);
            if self.has_ended() {
                run.alarms.clear(self);
            }
        }
    }

    /// Returns the time at which the run handles the group's deadlines.
    pub(super) fn alarm(&self) -> Instant {
        Instant::from_bits(self.alarm.load(Ordering::SeqCst))
    }

    /// Stores that time. Called by the run's alarms alone, under their lock.
    pub(super) fn note_alarm(&self, at: Instant) {
        self.alarm.store(at.to_bits(), Ordering::SeqCst);
    }

    /// Carries out the deadlines that have passed, as the host does in its polls.
    pub(super) fn carry_out_deadlines(self: &Arc<Self>, now: Instant) {
        let node = &self.node;
        if node.abort_at() <= now {
            node.abort(Cancelled::new(Cause::Explicit));
            return;
        }
        if node.is_cancelled_now() {
            node.cancel(Cancelled::new(Cause::Deadline));
        }
        self.set_alarm(node.next_limit());
    }

    // ---- failures ----

    /// Handles a panic of a child or the body: the first one continues in the host, others are dropped.
    pub(crate) fn take_panic(&self, payload: Payload, cause: Cause, by: Option<&str>) {
        let mut slot = lock(&self.panic);
        let surplus = if slot.is_none() {
            *slot = Some(payload);
            None
        } else {
            Some(payload)
        };
        drop(slot);
        drop_quietly(surplus);
        self.cancel(Cancelled::with(cause, None, by.map(str::to_owned)));
    }

    pub(crate) fn panic(&self) -> Option<Payload> {
        lock(&self.panic).take()
    }

    pub(crate) fn cancel(&self, cause: Cancelled) {
        self.node.cancel(cause);
    }

    /// Notes that a child was interrupted that was not cancelled by itself.
    pub(crate) fn note_interrupted(&self) {
        if self.node.is_inherited() {
            self.cut_short.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether children were interrupted because something around the group was cancelled.
    pub(crate) fn was_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Relaxed)
    }

    /// Stores the deadline around the group, for as long as its node is not in the tree.
    pub(crate) fn set_around(&self, deadline: Instant) {
        self.around.store(deadline.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn around(&self) -> Instant {
        Instant::from_bits(self.around.load(Ordering::Relaxed))
    }

    // ---- the list of children ----

    /// Adds a child to the list. `owner` is stored with it.
    pub(crate) fn insert(
        self: &Arc<Self>,
        owner: impl FnOnce() -> Option<Owner>,
        given: SpawnArgs,
    ) -> TaskRecord {
        self.children.insert(self, owner, given)
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

    /// Returns the groups directly inside, in the order of their opening.
    pub(crate) fn nested(&self) -> Vec<Arc<GroupState>> {
        lock(&self.nested)
            .groups
            .values()
            .filter_map(Weak::upgrade)
            .collect()
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
