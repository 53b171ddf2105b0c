//! What every kind of group shares: who is in it, and when it has ended.
//!
//! # Who may do what
//!
//! 1. `living` is one word: the number of children, whether the group has ended, and whether its
//!    host is gone. A spawn counts itself in and finds out in the same step whether it came too
//!    late.
//! 2. A child counts itself out after its future has been dropped. The last one wakes the host,
//!    or, if the host is gone, ends the group in its place.
//! 3. A group with children counts as one child of the group around it, from its first spawn on
//!    (*adoption*, rule C10). So nothing has to happen at the drop of a host.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

use crate::engine::clock::Clock;
use crate::engine::{Cancelled, Cause, Children, Given, Node, Owner, Run, TaskRecord, poll_state};
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::loom::{Arc, Mutex, Weak, lock};
use crate::unwind::{Payload, drop_quietly};

/// Nobody can come any more.
const ENDED: usize = 1;
/// The host is gone: the last child ends the group.
const ORPHANED: usize = 1 << 1;
/// One child.
const CHILD: usize = 1 << 2;

pub(crate) struct GroupCore {
    pub(crate) node: Arc<Node>,
    pub(crate) location: &'static Location<'static>,
    /// The task whose future contains the group.
    pub(crate) host: Option<TaskRecord>,
    pub(crate) run: Option<Arc<Run>>,
    pub(crate) keeps_going: bool,
    /// See [`Spawn::tag`](crate::runtime::Spawn::tag).
    pub(crate) tag: u8,
    living: AtomicUsize,
    counts_outside: AtomicBool,
    cut_short: AtomicBool,
    around: AtomicU64,
    enclosing: Option<(Arc<GroupCore>, u64)>,
    pub(super) children: Children,
    nested: Mutex<Nested>,
    panic: Mutex<Option<Payload>>,
}

/// The groups directly inside, by the order of their opening.
#[derive(Default)]
struct Nested {
    opened: u64,
    groups: BTreeMap<u64, Weak<GroupCore>>,
}

impl GroupCore {
    /// A group hosted by the task that is being polled.
    pub(crate) fn new(
        clock: Clock,
        location: &'static Location<'static>,
        keeps_going: bool,
        tag: u8,
    ) -> Arc<GroupCore> {
        let host = poll_state::current_task();
        let around = poll_state::innermost_group(|node| node.group())
            .or_else(|| host.as_ref().map(|host| host.group().clone()));
        let run = around.as_ref().and_then(|around| around.run.clone());
        GroupCore::build(clock, location, keeps_going, tag, host, around, run)
    }

    /// The group of everything in a run.
    pub(crate) fn of_run(
        clock: Clock,
        location: &'static Location<'static>,
        tag: u8,
        run: Arc<Run>,
    ) -> Arc<GroupCore> {
        GroupCore::build(clock, location, true, tag, None, None, Some(run))
    }

    fn build(
        clock: Clock,
        location: &'static Location<'static>,
        keeps_going: bool,
        tag: u8,
        host: Option<TaskRecord>,
        around: Option<Arc<GroupCore>>,
        run: Option<Arc<Run>>,
    ) -> Arc<GroupCore> {
        Arc::new_cyclic(|weak: &Weak<GroupCore>| {
            let node = Node::with_clock(clock);
            node.set_group(weak.clone());
            // A group begins as soon as it is there: its deadline counts at once.
            node.begin(Instant::FAR_FUTURE);
            let enclosing = around.map(|around| {
                let mut nested = lock(&around.nested);
                nested.opened += 1;
                let key = nested.opened;
                nested.groups.insert(key, weak.clone());
                drop(nested);
                (around, key)
            });
            GroupCore {
                node,
                location,
                host,
                run,
                keeps_going,
                tag,
                living: AtomicUsize::new(0),
                counts_outside: AtomicBool::new(false),
                cut_short: AtomicBool::new(false),
                around: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
                enclosing,
                children: Children::default(),
                nested: Mutex::default(),
                panic: Mutex::new(None),
            }
        })
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.node
            .name()
            .unwrap_or_else(|| self.location.to_string().into())
    }

    // ---- counting ----

    /// Counts a child in; false if the group has ended.
    #[inline]
    pub(crate) fn enter(&self) -> bool {
        if self.living.fetch_add(CHILD, Ordering::SeqCst) & ENDED != 0 {
            self.living.fetch_sub(CHILD, Ordering::SeqCst);
            return false;
        }
        if !self.counts_outside.load(Ordering::Relaxed) {
            self.count_outside();
        }
        true
    }

    /// Counts the group into the one around it, if there is one.
    fn count_outside(&self) {
        if let Some((around, _)) = &self.enclosing
            && !self.counts_outside.swap(true, Ordering::SeqCst)
            && !around.enter()
        {
            // The group was carried out of the one around it; there is nobody to adopt.
            self.counts_outside.store(false, Ordering::SeqCst);
        }
    }

    /// Counts a child out, which must have gone entirely.
    #[inline]
    pub(crate) fn leave(&self) {
        let before = self.living.fetch_sub(CHILD, Ordering::SeqCst);
        if before / CHILD == 1 {
            self.left_empty(before);
        }
    }

    /// The last child has left, and others may have come since.
    fn left_empty(&self, before: usize) {
        let mut next = self.end_or_wake(before);
        while let Some(group) = next {
            next = group.leave_once();
        }
    }

    /// Counts one out; the group around is returned if this one ended by that.
    fn leave_once(&self) -> Option<Arc<GroupCore>> {
        let before = self.living.fetch_sub(CHILD, Ordering::SeqCst);
        if before / CHILD != 1 {
            return None;
        }
        self.end_or_wake(before)
    }

    fn end_or_wake(&self, before: usize) -> Option<Arc<GroupCore>> {
        if before & ORPHANED != 0 {
            return self.end_orphaned();
        }
        self.node.wake();
        None
    }

    pub(crate) fn living(&self) -> usize {
        self.living.load(Ordering::SeqCst) / CHILD
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ENDED != 0
    }

    /// Ends the group if nobody lives in it.
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

    /// Leaves the group around, once this one has ended. What is left to count out is returned.
    #[must_use]
    fn leave_around(&self) -> Option<Arc<GroupCore>> {
        let (around, key) = self.enclosing.as_ref()?;
        lock(&around.nested).groups.remove(key);
        self.counts_outside
            .swap(false, Ordering::SeqCst)
            .then(|| around.clone())
    }

    /// The host is done with the group.
    pub(crate) fn detach(&self) {
        if let Some(around) = self.leave_around() {
            around.leave();
        }
    }

    /// The host is gone before the end: the children are cancelled, and the last one ends the
    /// group.
    pub(crate) fn orphan(self: &Arc<Self>) {
        self.node.cancel(Cancelled::new(Cause::HostDropped));
        // Either the last child sees this, or its going is seen here.
        let before = self.living.fetch_or(ORPHANED, Ordering::SeqCst);
        if before / CHILD == 0
            && let Some(around) = self.end_orphaned()
        {
            around.leave();
        }
    }

    pub(crate) fn is_orphaned(&self) -> bool {
        self.living.load(Ordering::SeqCst) & ORPHANED != 0
    }

    fn end_orphaned(&self) -> Option<Arc<GroupCore>> {
        if !self.try_end() {
            return None;
        }
        if let Some(payload) = lock(&self.panic).take() {
            self.pass_on(payload);
        }
        self.leave_around()
    }

    /// Hands a panic that nobody takes here to the group around, or to the run.
    fn pass_on(&self, payload: Payload) {
        match &self.enclosing {
            Some((around, _)) => around.take_panic(payload, Cause::ChildFailed, None),
            None => Run::unhandled_panic(self.run.as_deref(), payload),
        }
    }

    // ---- failures ----

    /// A child or the body panicked; the first panic continues in the host, others are dropped.
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

    /// A child was interrupted that nobody had cancelled by itself.
    pub(crate) fn note_interrupted(&self) {
        if self.node.is_inherited() {
            self.cut_short.store(true, Ordering::Relaxed);
        }
    }

    /// Whether children were interrupted because something around the group was cancelled.
    pub(crate) fn was_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Relaxed)
    }

    /// Keeps the deadline around the group for as long as its node is not in the tree.
    pub(crate) fn set_around(&self, deadline: Instant) {
        self.around.store(deadline.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn around(&self) -> Instant {
        Instant::from_bits(self.around.load(Ordering::Relaxed))
    }

    // ---- the list of children ----

    /// Puts a child on the list; `owner` is kept with it.
    pub(crate) fn insert(
        self: &Arc<Self>,
        owner: impl FnOnce() -> Option<Owner>,
        given: Given,
    ) -> TaskRecord {
        self.children.insert(self, owner, given)
    }

    /// Wakes every child, so that it sees that the group is cancelled.
    pub(crate) fn wake_children(&self) {
        self.children.wake();
    }

    /// The children, in the order of their ids.
    pub(crate) fn children(&self) -> Vec<TaskRecord> {
        let mut all = self.children.all();
        all.sort_by_key(|child| child.id());
        all
    }

    /// The groups directly inside, in the order of their opening.
    pub(crate) fn nested(&self) -> Vec<Arc<GroupCore>> {
        lock(&self.nested)
            .groups
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

impl fmt::Debug for GroupCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("name", &self.name())
            .field("living", &self.living())
            .field("ended", &self.has_ended())
            .field("scope", &self.node)
            .finish_non_exhaustive()
    }
}
