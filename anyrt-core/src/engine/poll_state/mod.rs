//! The thread-local state of a poll: the frames and the task that are being polled on this thread.
//!
//! A *frame* is one poll of a scope, a shield, a group's body or a task's root, while it is on the stack.
//! Frames set a thread-local record (`Surroundings`) for the code they poll, and restore the old one
//! afterwards, also when unwinding. Two more thread-locals own memory and are accessed less often:
//!
//! | state | written by | read by |
//! | --- | --- | --- |
//! | the *open frames*: a stack with the nodes of the frames being polled, where they have one | frames when they are entered and left; a holder in a frame without a node | holders, which link themselves to the innermost frame; readers that must see a cancellation made in the current poll |
//! | the *task* | task roots, which move their record in and out | all code that needs the current task |
//!
//! A frame without a node is not on the stack. The first holder that is polled in it creates the node and
//! pushes it. The frame then finds the stack higher than before and takes the node with it. So a frame
//! without holders costs one comparison.
//!
//! *Dirty* means that a scope, deadline or shield was changed on this thread during the current outermost
//! poll, so records that were set before may be stale. Readers then evaluate the open frames.
//!
//! No state here is shared between threads, except for the counter of serial numbers. User code may run
//! between any two calls, and may enter frames of its own; each frame restores what it found.

mod cell;
mod evaluate;

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::task::Waker;

pub(crate) use self::cell::{AT_ROOT, CANCELLED, IN_TASK, LOCAL_CANCELLED, Surroundings};
use self::evaluate::Found;
pub(crate) use self::evaluate::{By, evaluate, is_aborted, look_around, plain_deadline};
use crate::engine::clock::Clock;
use crate::engine::{CancelState, Node, OpenBlock, TaskRecord, Wait};
use crate::instant::Instant;
use crate::loom::atomic::Ordering;
use crate::loom::process::AtomicU64;
use crate::loom::{Arc, thread_local};

/// The number of operations of a task that may be ready in one poll before the task yields (rule C11).
const BUDGET: u32 = 128;

/// The number of operations that are refused in one poll after its budget is used up; then the budget is
/// filled again. It is larger than most `select!`s have branches, so that the poll ends. Code that polls
/// futures in its own loop, such as an executor in a task, continues after that number.
const REFUSALS: u32 = 8;

/// The number of serial numbers that a thread reserves at once.
const SERIALS: u64 = 1 << 12;

/// The next block of serial numbers. Relaxed: the numbers only have to differ.
static NEXT_SERIALS: AtomicU64 = AtomicU64::new(1);

/// The state of this thread's polls.
struct Thread {
    surroundings: Cell<Surroundings>,
    /// The number of frames on the stack.
    entries: Cell<u32>,
    /// The number of these that are outside the current task's root.
    root: Cell<u32>,
    budget: Cell<u32>,
    /// The number of operations that this poll has refused since its budget was used up.
    refusals: Cell<u32>,
    dirty: Cell<bool>,
    /// The number of changes that made it dirty. A result cached by an open frame is valid until the next
    /// change.
    changes: Cell<u64>,
    /// The waker of the branch that is being polled, if it leads to the current task alone.
    branch: Cell<Option<Identity>>,
    wait: Cell<Wait>,
    held: Cell<u64>,
    /// `true` if context variables may be set in code that runs on this thread. Never reset.
    contexts: Cell<bool>,
    serial: Cell<u64>,
    /// The address of the last group that the current task has spawned into in this poll; zero if it has not
    /// spawned.
    spawned_into: Cell<usize>,
    /// The block of records of that group that the task fills, if it has spawned into the group twice. It is
    /// returned at the end of the poll, so there is none when the thread ends.
    open_block: Cell<ManuallyDrop<Option<OpenBlock>>>,
    /// The record of the task that is being polled. Each poll restores the previous one, so there is none
    /// when the thread ends.
    task: Cell<ManuallyDrop<Option<TaskRecord>>>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            surroundings: Cell::new(Surroundings::OUTSIDE),
            entries: Cell::new(0),
            root: Cell::new(0),
            budget: Cell::new(BUDGET),
            refusals: Cell::new(0),
            dirty: Cell::new(false),
            changes: Cell::new(0),
            branch: Cell::new(None),
            wait: Cell::new(Wait::Foreign),
            held: Cell::new(0),
            contexts: Cell::new(false),
            serial: Cell::new(0),
            spawned_into: Cell::new(0),
            open_block: Cell::new(ManuallyDrop::new(None)),
            task: Cell::new(ManuallyDrop::new(None)),
        }
    };
    static OPEN: RefCell<Vec<OpenFrame>> = const { RefCell::new(Vec::new()) };
}

/// A frame that is being polled, and that has a node or may need one.
struct OpenFrame {
    serial: u64,
    /// Created when a holder links itself to the frame, or an operation is refused in it.
    node: Option<Arc<Node>>,
    /// Set for scopes with a handle and for groups, which readers evaluate.
    visible: Option<Visible>,
    /// The number of frames up to the innermost visible one, including this one; zero if there is none.
    up_to_visible: usize,
    /// `true` if operations that are refused in it leave their wakers here.
    keeps_refused: bool,
}

/// A frame that readers evaluate.
struct Visible {
    /// The surroundings of the frame, for the part that comes from plain scopes.
    outer: Surroundings,
    /// The state found inside, and the number of changes on this thread at that time.
    found: Option<(u64, Found)>,
}

/// Returns a number that no thread of this process has received before. Never zero.
#[inline]
pub(crate) fn next_serial() -> u64 {
    next_serials(1)
}

/// Reserves `count` consecutive numbers, at most half of [`SERIALS`], and returns the first.
#[inline]
pub(crate) fn next_serials(count: u64) -> u64 {
    THREAD.with(|thread| {
        let mut serial = thread.serial.get();
        // The first number of each block, a multiple of `SERIALS`, is left out: it marks an exhausted block.
        let left = (SERIALS - serial % SERIALS) % SERIALS;
        if left < count {
            serial = NEXT_SERIALS.fetch_add(1, Ordering::Relaxed) * SERIALS;
        }
        thread.serial.set(serial + count);
        serial + 1
    })
}

/// Returns a small number of this thread, for spreading contention.
#[inline]
pub(crate) fn thread_number() -> usize {
    THREAD.with(|thread| (thread.serial.get() / SERIALS) as usize)
}

#[inline]
pub(crate) fn surroundings() -> Surroundings {
    THREAD.with(|thread| thread.surroundings.get())
}

#[inline]
pub(crate) fn set_surroundings(surroundings: Surroundings) {
    THREAD.with(|thread| thread.surroundings.set(surroundings));
}

/// Returns the tag of the runtime whose task is being polled on this thread. Zero outside every anyrt task.
#[inline]
pub fn current_tag() -> u8 {
    surroundings().tag()
}

/// The state from before a task was entered.
pub(crate) struct Saved {
    surroundings: Surroundings,
    root: u32,
    /// The number of frames that were open.
    pub(crate) since: u32,
    wait: Wait,
    task: Option<TaskRecord>,
}

/// Enters a task. Moves the record in, which costs no reference count. [`leave_task`] restores the old state.
#[inline]
pub(crate) fn enter_task(task: TaskRecord, serial: u64, cancelled: bool) -> Saved {
    let tag = task.group().tag;
    THREAD.with(|thread| {
        let surroundings = thread.surroundings.get();
        if !surroundings.is_busy() {
            thread.fill_budget();
        }
        let entries = thread.entries.get();
        let inner = Surroundings::of_task(serial, entries, tag).with(CANCELLED, cancelled);
        thread.surroundings.set(inner);
        Saved {
            surroundings,
            root: thread.root.replace(entries),
            since: entries,
            wait: thread.wait.replace(Wait::Foreign),
            task: thread.replace_task(Some(task)),
        }
    })
}

/// Enters a task that is not cancelled and has no node, on a thread that polls nothing so far. That is the
/// usual case on the threads of a runtime, and leaves nothing to restore. Moves the record out of its slot.
/// Returns false, and does nothing, in all other cases and if there is no record. The task is left with
/// [`leave_pending`] or [`leave_outermost`].
#[inline]
pub(crate) fn enter_plainly(slot: &mut Option<TaskRecord>) -> bool {
    THREAD.with(|thread| thread.enter_plainly(slot))
}

/// Leaves a task after a pending poll. Puts its record back, with the kind of its wait and the node that its
/// frame got in the poll. Returns whether the task may stay pending.
#[inline]
pub(crate) fn leave_pending(slot: &mut Option<TaskRecord>, cx: &std::task::Context<'_>) -> bool {
    THREAD.with(|thread| thread.leave_pending(slot, cx))
}

/// Leaves a task after its last poll. Returns its record.
#[inline]
pub(crate) fn leave_outermost() -> Option<TaskRecord> {
    THREAD.with(Thread::leave_ended)
}

/// Leaves a task entered with [`enter_task`]. Returns its record, and the kind of its wait.
#[inline]
pub(crate) fn leave_task(outside: Saved) -> (Option<TaskRecord>, Wait) {
    THREAD.with(|thread| {
        if thread.spawned_into.get() != 0 {
            close_block();
        }
        thread.surroundings.set(outside.surroundings);
        thread.root.set(outside.root);
        if !outside.surroundings.is_busy() {
            thread.dirty.set(false);
        }
        let wait = thread.wait.replace(outside.wait);
        (thread.replace_task(outside.task), wait)
    })
}

/// Takes out the block that the current task fills, if it belongs to the group at that address.
#[inline]
pub(crate) fn take_open_block(group: usize) -> Option<OpenBlock> {
    THREAD.with(|thread| {
        if thread.spawned_into.get() == group {
            ManuallyDrop::into_inner(thread.open_block.take())
        } else {
            None
        }
    })
}

/// Stores a block for the current task to fill until the poll ends. There must be none at the moment.
#[inline]
pub(crate) fn keep_open_block(block: Option<OpenBlock>) {
    THREAD.with(|thread| thread.open_block.set(ManuallyDrop::new(block)));
}

/// Notes that the current task spawns into the group at that address. Returns whether it also was the last
/// group that the task spawned into in this poll. If not, the other group's block is returned to it.
pub(crate) fn spawns_again(group: usize) -> bool {
    THREAD.with(|thread| {
        if !thread.surroundings.get().has(IN_TASK) {
            return false;
        }
        let last = thread.spawned_into.get();
        if last != 0 && last != group {
            close_block();
        }
        thread.spawned_into.set(group);
        last == group
    })
}

/// Returns the block that is open on this thread to its group.
#[cold]
fn close_block() {
    let open = THREAD.with(|thread| {
        thread.spawned_into.set(0);
        ManuallyDrop::into_inner(thread.open_block.take())
    });
    if let Some(open) = open {
        open.close();
    }
}

/// Runs `f`, which drops something that belongs to the task, inside the task: destructors see it and its
/// context.
pub(crate) fn in_task<T>(slot: &mut Option<TaskRecord>, f: impl FnOnce() -> T) -> T {
    struct Leave<'a>(&'a mut Option<TaskRecord>, Option<Saved>);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            if let Some(outside) = self.1.take() {
                (*self.0, _) = leave_task(outside);
            }
        }
    }
    let Some(record) = slot.take() else {
        return f();
    };
    if record.has_context() {
        note_contexts();
    }
    let serial = record.id();
    let _leave = Leave(slot, Some(enter_task(record, serial, false)));
    f()
}

/// Enters a plain scope, if nothing is known to be cancelled here. Returns the old surroundings, and the
/// number of open frames.
#[inline]
pub(crate) fn enter_plain(serial: u64, deadline: Instant) -> Option<(Surroundings, u32)> {
    THREAD.with(|thread| {
        let outer = thread.surroundings.get();
        if outer.has(CANCELLED) || thread.dirty.get() {
            return None;
        }
        if !outer.is_busy() {
            thread.fill_budget();
        }
        thread.surroundings.set(outer.in_scope(serial, deadline));
        Some((outer, thread.entries.get()))
    })
}

/// Leaves a plain scope. Returns false if the scope has to evaluate a change or has got a node.
#[inline]
pub(crate) fn leave_plain(outer: Surroundings, since: u32) -> bool {
    THREAD.with(|thread| {
        thread.surroundings.set(outer);
        let quiet = thread.entries.get() == since && !thread.dirty.get();
        if !outer.is_busy() {
            thread.dirty.set(false);
        }
        quiet
    })
}

/// Notes that a scope, deadline or shield was changed. Outside every frame no record could be stale.
pub(crate) fn mark_dirty() {
    THREAD.with(|thread| {
        if thread.surroundings.get().is_busy() {
            thread.dirty.set(true);
            thread.changes.set(thread.changes.get() + 1);
        }
    });
}

/// Clears the dirty mark. Called by the outermost frame when it is left.
#[inline]
pub(crate) fn clear_dirty() {
    THREAD.with(|thread| thread.dirty.set(false));
}

/// Returns whether an operation that is polled here must not start.
#[inline]
pub(crate) fn effectively_cancelled() -> bool {
    THREAD.with(|thread| {
        if thread.dirty.get() {
            look_around().cancelled
        } else {
            thread.surroundings.get().has(CANCELLED)
        }
    })
}

/// Pushes a frame onto the stack, for as long as its future is polled.
pub(crate) fn open_frame(
    serial: u64,
    node: Option<Arc<Node>>,
    visible: Option<Surroundings>,
    keeps_refused: bool,
) {
    OPEN.with_borrow_mut(|open| {
        let up_to_visible = match visible {
            Some(_) => open.len() + 1,
            None => open.last().map_or(0, |frame| frame.up_to_visible),
        };
        open.push(OpenFrame {
            serial,
            node,
            visible: visible.map(|outer| Visible { outer, found: None }),
            up_to_visible,
            keeps_refused,
        });
    });
    THREAD.with(|thread| thread.entries.set(thread.entries.get() + 1));
}

/// Pops the frame above `since`, if there is one: the caller's own, pushed by the caller or by a holder in
/// it. Inner frames have been left before. Returns its node.
#[inline]
pub(crate) fn close_frame(since: u32) -> Option<Arc<Node>> {
    if entries() == since {
        return None;
    }
    close_innermost(since)
}

#[cold]
fn close_innermost(since: u32) -> Option<Arc<Node>> {
    let closed = OPEN.with_borrow_mut(|open| open.pop());
    THREAD.with(|thread| thread.entries.set(since));
    debug_assert_eq!(OPEN.with_borrow(Vec::len), since as usize, "one frame each");
    closed.and_then(|frame| frame.node)
}

/// Returns the node of the innermost frame, which is created if necessary. Returns `None` outside of every
/// frame.
pub(crate) fn innermost_node() -> Option<Arc<Node>> {
    let serial = surroundings().serial;
    if serial == 0 {
        return None;
    }
    let is_open = OPEN.with_borrow(|open| open.last().is_some_and(|frame| frame.serial == serial));
    if !is_open {
        open_frame(serial, None, None, false);
    }
    OPEN.with_borrow_mut(|open| {
        let frame = open.last_mut()?;
        Some(frame.node.get_or_insert_with(Node::new).clone())
    })
}

/// Returns the node of the innermost frame that keeps the wakers of refused operations. A task that became
/// cancelled in the current poll may have none. It has one in its next poll, so the caller wakes itself at
/// once.
pub(crate) fn keeper_of_refused() -> Option<Arc<Node>> {
    let visible_from = surroundings().base as usize;
    OPEN.with_borrow_mut(|open| {
        let inside = open.iter_mut().skip(visible_from).rev();
        let frame = inside.into_iter().find(|frame| frame.keeps_refused)?;
        Some(frame.node.get_or_insert_with(Node::new).clone())
    })
}

/// Calls `look` for the nodes of visible frames from index `from` on, innermost first, with each frame's
/// surroundings, until it returns false. Returns whether it never did.
fn each_visible(from: u32, mut look: impl FnMut(&Arc<Node>, &Surroundings) -> bool) -> bool {
    let looked = OPEN.try_with(|open| {
        let open = open.borrow();
        let frames = open.iter().skip(from as usize).rev();
        frames
            .filter_map(|frame| Some((frame.node.as_ref()?, frame.visible.as_ref()?)))
            .all(|(node, visible)| look(node, &visible.outer))
    });
    // While the thread's locals are being destroyed, nothing is polled.
    looked.unwrap_or(true)
}

/// Notes that something was interrupted here because of a cancellation further out. A shield that is switched
/// on in between from now on comes too late (rule C7).
#[cold]
pub(crate) fn latch() {
    each_visible(surroundings().base, |node, _| {
        let interrupts = !node.is_cancelled();
        if interrupts {
            node.latch();
        }
        interrupts
    });
    THREAD.with(|thread| thread.changes.set(thread.changes.get() + 1));
}

#[inline]
pub(crate) fn entries() -> u32 {
    THREAD.with(|thread| thread.entries.get())
}

/// Returns the first result of `find` for the groups whose bodies are being polled by the current task,
/// innermost first.
pub(crate) fn innermost_group<T>(find: impl Fn(&Arc<Node>) -> Option<T>) -> Option<T> {
    let mut found = None;
    let root = THREAD.with(|thread| thread.root.get());
    each_visible(root, |node, _| {
        found = find(node);
        found.is_none()
    });
    found
}

/// Takes one unit from the task's budget. Returns false if the budget is used up. The first refusal does not
/// fill it again, or branches that are always ready could alternate without end (rule C11). Outside of every
/// task and scope the beginning of a poll is unknown, so the budget is filled at once.
#[inline]
pub(crate) fn take_budget() -> bool {
    THREAD.with(|thread| match thread.budget.get() {
        0 => {
            let refusals = thread.refusals.get() + 1;
            thread.refusals.set(refusals);
            if refusals == REFUSALS || !thread.surroundings.get().inside() {
                thread.fill_budget();
            }
            false
        }
        left => {
            thread.budget.set(left - 1);
            true
        }
    })
}

/// Returns whether an operation may start, by a quick check without evaluation. If so, takes one unit from
/// the budget.
#[inline]
pub(crate) fn may_start() -> bool {
    THREAD.with(|thread| {
        let left = thread.budget.get();
        let free = !thread.dirty.get() && !thread.surroundings.get().has(CANCELLED) && left > 0;
        if free {
            thread.budget.set(left - 1);
        }
        free
    })
}

/// Yields: the task is polled again after other tasks have had their turn (rule C11). The caller has to
/// return pending.
///
/// Only wakers that lead to the task alone are passed to the runtime. Any other poller may block the thread,
/// or poll on and on, until its waker is woken.
#[cold]
pub(crate) fn yield_turn(waker: &Waker) {
    waits_for(Wait::Turn);
    match task_clock().filter(|_| leads_to_task(waker)) {
        Some(clock) => clock.yield_turn(waker),
        None => waker.wake_by_ref(),
    }
}

/// Returns whether a waker is the current task's own, or belongs to a branch that is polled with it. Children
/// that are polled in place do not count: their host is another poller.
fn leads_to_task(waker: &Waker) -> bool {
    let is_own = |task: &TaskRecord| !task.group().is_in_place() && task.is_woken_by(waker);
    THREAD.with(|thread| thread.branch.get()) == Some(identity(waker))
        || with_task(|task| task.is_some_and(is_own))
}

/// Runs `f`, which polls branches that wake this waker, and nothing else.
pub(crate) fn polling_branches<T>(waker: &Waker, f: impl FnOnce() -> T) -> T {
    with_branch(leads_to_task(waker).then_some(NEXT_BRANCH), f)
}

/// Runs `f`, which polls one of these branches with this waker.
pub(crate) fn polling_branch<T>(waker: &Waker, f: impl FnOnce() -> T) -> T {
    let leads_to_task = THREAD.with(|thread| thread.branch.get()) == Some(NEXT_BRANCH);
    with_branch(leads_to_task.then(|| identity(waker)), f)
}

fn with_branch<T>(branch: Option<Identity>, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Identity>);
    impl Drop for Restore {
        fn drop(&mut self) {
            THREAD.with(|thread| thread.branch.set(self.0));
        }
    }
    let _restore = Restore(THREAD.with(|thread| thread.branch.replace(branch)));
    f()
}

/// The identity of a waker: the addresses of its data and of its functions.
type Identity = (usize, usize);

/// A placeholder for the waker of the branch that is polled next.
const NEXT_BRANCH: Identity = (0, 0);

fn identity(waker: &Waker) -> Identity {
    (waker.data().addr(), ptr::from_ref(waker.vtable()).addr())
}

/// Returns one unit to the budget, for an operation that took nearly no time.
#[cfg_attr(
    not(feature = "fs"),
    expect(dead_code, reason = "listings of folders use it")
)]
pub(crate) fn give_budget_back() {
    THREAD.with(|thread| thread.budget.set(BUDGET.min(thread.budget.get() + 1)));
}

/// Uses up the rest of the budget: the operations that are polled next in this poll yield as well.
#[inline]
pub(crate) fn use_up_budget() {
    THREAD.with(|thread| {
        if thread.surroundings.get().inside() {
            thread.budget.set(0);
        }
    });
}

impl Thread {
    // These three are not inlined: every type of task has its own copy of the code around its polls, so that
    // code is kept small.

    #[inline(never)]
    fn enter_plainly(&self, slot: &mut Option<TaskRecord>) -> bool {
        if !self.surroundings.get().is_bare() || self.entries.get() != 0 {
            return false;
        }
        match slot {
            Some(task) if task.is_plain() => self.enter_outermost(slot),
            _ => self.enter_nearly_plainly(slot),
        }
    }

    /// Enters a task that has context variables, or was created by a call of `start` that is pending.
    #[cold]
    #[inline(never)]
    fn enter_nearly_plainly(&self, slot: &mut Option<TaskRecord>) -> bool {
        match slot {
            Some(task) if !task.has_root() && task.cancel_state() == CancelState::No => {
                if task.has_context() {
                    self.contexts.set(true);
                }
                self.enter_outermost(slot)
            }
            _ => false,
        }
    }

    /// Enters a task on a thread that polls nothing. The task's record must be in `slot`.
    #[inline(always)]
    fn enter_outermost(&self, slot: &mut Option<TaskRecord>) -> bool {
        let Some(task) = slot.take() else {
            return false;
        };
        self.fill_budget();
        self.wait.set(Wait::Foreign);
        task.count_poll();
        let inner = Surroundings::of_task(task.id(), 0, task.group().tag);
        self.surroundings.set(inner);
        // The cell is empty on a thread that polls nothing.
        self.task.set(ManuallyDrop::new(Some(task)));
        true
    }

    #[inline(never)]
    fn leave_pending(&self, slot: &mut Option<TaskRecord>, cx: &std::task::Context<'_>) -> bool {
        match self.leave_outermost() {
            Some(task) => slot.insert(task).stay_pending(cx),
            None => true,
        }
    }

    #[inline(never)]
    fn leave_ended(&self) -> Option<TaskRecord> {
        self.leave_outermost()
    }

    #[inline(always)]
    fn leave_outermost(&self) -> Option<TaskRecord> {
        if self.entries.get() != 0 || self.spawned_into.get() != 0 {
            self.close_outermost();
        }
        self.surroundings.set(Surroundings::OUTSIDE);
        self.dirty.set(false);
        let task = self.replace_task(None)?;
        task.set_wait(self.wait.get());
        Some(task)
    }

    /// Closes the frame of the outermost task, and the block that it fills.
    #[cold]
    fn close_outermost(&self) {
        if self.spawned_into.get() != 0 {
            close_block();
        }
        if let Some(node) = close_frame(0) {
            with_task(|task| task.map(|task| task.set_root(node)));
        }
    }

    #[inline]
    fn replace_task(&self, task: Option<TaskRecord>) -> Option<TaskRecord> {
        ManuallyDrop::into_inner(self.task.replace(ManuallyDrop::new(task)))
    }

    #[inline]
    fn fill_budget(&self) {
        self.budget.set(BUDGET);
        self.refusals.set(0);
    }
}

/// Returns the number of polls of holders that kept their hold. Frames compare it before and after a poll.
#[inline]
pub(crate) fn held() -> u64 {
    THREAD.with(|thread| thread.held.get())
}

pub(crate) fn count_held() {
    THREAD.with(|thread| thread.held.set(thread.held.get() + 1));
}

/// Notes that context variables are set in code that runs on this thread.
pub(crate) fn note_contexts() {
    THREAD.with(|thread| thread.contexts.set(true));
}

#[inline]
pub(crate) fn may_have_context() -> bool {
    THREAD.with(|thread| thread.contexts.get())
}

/// Notes the kind of the current operation's wait, for the listing of tasks.
#[inline]
pub(crate) fn waits_for(wait: Wait) {
    THREAD.with(|thread| thread.wait.set(wait));
}

/// Replaces the record of the current task.
#[inline]
fn replace_task(task: Option<TaskRecord>) -> Option<TaskRecord> {
    THREAD.with(|thread| thread.replace_task(task))
}

/// Passes the record of the current task to `use_it`, which must not run user code.
#[inline]
pub(crate) fn with_task<T>(use_it: impl FnOnce(Option<&TaskRecord>) -> T) -> T {
    let task = replace_task(None);
    let result = use_it(task.as_ref());
    if task.is_some() {
        replace_task(task);
    }
    result
}

/// Returns the record of the current task.
pub(crate) fn current_task() -> Option<TaskRecord> {
    with_task(|task| task.cloned())
}

/// Returns the clock of the current task's run.
pub(crate) fn task_clock() -> Option<Clock> {
    with_task(|task| task.and_then(|task| task.group().node.clock()))
}

/// Returns the name of the current task, for messages.
pub(crate) fn task_name() -> Option<String> {
    with_task(|task| task.map(|task| task.name().to_string()))
}

/// Returns the id of the current task.
#[inline]
pub(crate) fn task_id() -> Option<u64> {
    if surroundings().has(IN_TASK) {
        with_task(|task| task.map(TaskRecord::id))
    } else {
        None
    }
}

/// Runs `f`, which drops a value of the user's, outside the surrounding scopes (rule C8).
pub(crate) fn outside<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(Surroundings);
    impl Drop for Restore {
        fn drop(&mut self) {
            set_surroundings(self.0);
        }
    }
    let old = surroundings();
    let _restore = Restore(old);
    set_surroundings(old.outside(entries()));
    f()
}

/// Leaves the surrounding scopes for the rest of a poll, when only the destructors of the current task remain
/// to be run (rule C8). Leaving the task restores the state from before it.
#[inline]
pub(crate) fn leave_scopes() {
    set_surroundings(surroundings().outside(entries()));
}

/// Keeps the waker of a structural future that was interrupted, so that it is polled again when the
/// cancellation around it no longer holds.
pub(crate) fn refuse(cx: &std::task::Context<'_>) {
    match keeper_of_refused() {
        Some(keeper) => keeper.keep_interrupted(cx.waker()),
        None => cx.waker().wake_by_ref(),
    }
}

#[inline]
pub(crate) fn is_dirty() -> bool {
    THREAD.with(|thread| thread.dirty.get())
}
