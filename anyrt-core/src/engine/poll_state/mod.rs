//! What is ambient: which frames and which task are being polled on this thread.
//!
//! A *frame* is one poll of a scope, a shield, a group's body or a task's root, while it is on the
//! stack. Frames set a thread-local record (`Surroundings`) for what they poll and put the old
//! one back afterwards, also when unwinding. Three siblings own memory and are touched less:
//!
//! | what | who writes it | read by |
//! | --- | --- | --- |
//! | the *entries*: nodes of scopes with handles, of the frames on the stack | those frames | readers that must see a cancellation made in this very poll |
//! | the *mailbox*: what holders and refused operations leave for the frames around them | holders, operations | frames, on the way out |
//! | the *task* | task roots, which move their record in and out | everybody |
//!
//! *Dirty* says that some scope, deadline or shield was changed on this thread during the current
//! outermost poll, so that the records set before may be stale. Readers then look at the entries.

mod cell;
mod evaluate;

use std::cell::{Cell, RefCell};
use std::task::Waker;

pub(crate) use self::cell::{AT_ROOT, CANCELLED, IN_TASK, LOCAL_CANCELLED, Surroundings};
pub(crate) use self::evaluate::{By, evaluate};
use crate::engine::{Node, TaskRecord, Wait};
use crate::instant::Instant;
use crate::loom::atomic::Ordering;
use crate::loom::process::AtomicU64;
use crate::loom::{Arc, thread_local};

/// How many operations of a task may be ready at once before it yields (rule C11).
const BUDGET: u32 = 128;

/// How many numbers a thread takes at once.
const SERIALS: u64 = 1 << 12;

static NEXT_SERIALS: AtomicU64 = AtomicU64::new(1);

struct Thread {
    surroundings: Cell<Surroundings>,
    entries: Cell<u32>,
    /// How many entries belong to frames outside the current task's root.
    root: Cell<u32>,
    mail: Cell<u32>,
    budget: Cell<u32>,
    dirty: Cell<bool>,
    wait: Cell<Wait>,
    held: Cell<u64>,
    /// Whether context variables may be set in what runs on this thread. Never lowered.
    contexts: Cell<bool>,
    serial: Cell<u64>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            surroundings: Cell::new(Surroundings::OUTSIDE),
            entries: Cell::new(0),
            root: Cell::new(0),
            mail: Cell::new(0),
            budget: Cell::new(BUDGET),
            dirty: Cell::new(false),
            wait: Cell::new(Wait::Foreign),
            held: Cell::new(0),
            contexts: Cell::new(false),
            serial: Cell::new(0),
        }
    };
    static ENTRIES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    static MAILBOX: RefCell<Vec<Mail>> = const { RefCell::new(Vec::new()) };
    static TASK: Cell<Option<TaskRecord>> = const { Cell::new(None) };
}

/// A scope with a handle, or a group, that is being polled.
struct Entry {
    node: Arc<Node>,
    /// What the scope saw around it that comes from plain scopes.
    outer: Surroundings,
}

/// What is left for the frames around.
pub(crate) enum Mail {
    /// A future with unfinished business began, or came here from another scope.
    Holder(Arc<Node>),
    /// An operation that did not start, because of a cancellation.
    Refused(u64, Waker),
}

/// A number that no thread of this process was given before. Never zero.
#[inline]
pub(crate) fn next_serial() -> u64 {
    next_serials(1)
}

/// The first of as many numbers, at most half of [`SERIALS`], one after the other.
#[inline]
pub(crate) fn next_serials(count: u64) -> u64 {
    THREAD.with(|thread| {
        let mut serial = thread.serial.get();
        // A thread's first number, a multiple, is left out: it marks that there are none left.
        let left = (SERIALS - serial % SERIALS) % SERIALS;
        if left < count {
            serial = NEXT_SERIALS.fetch_add(1, Ordering::Relaxed) * SERIALS;
        }
        thread.serial.set(serial + count);
        serial + 1
    })
}

/// A small number of this thread's, for spreading contention.
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

/// The tag of the runtime whose task is being polled on this thread; zero outside every task of
/// ours.
#[inline]
pub fn current_tag() -> u8 {
    surroundings().tag()
}

/// What was there before a task was entered.
pub(crate) struct Outside {
    surroundings: Surroundings,
    root: u32,
    /// The mark in the mailbox.
    pub(crate) mark: u32,
    wait: Wait,
    task: Option<TaskRecord>,
}

/// Enters a task, whose record is moved in: that costs no reference count. The old is put back
/// with [`leave_task`].
#[inline]
pub(crate) fn enter_task(task: TaskRecord, serial: u64, cancelled: bool) -> Outside {
    let tag = task.group().tag;
    let task = replace_task(Some(task));
    THREAD.with(|thread| {
        let surroundings = thread.surroundings.get();
        if !surroundings.inside() {
            thread.budget.set(BUDGET);
        }
        let entries = thread.entries.get();
        let inner = Surroundings::of_task(serial, entries, tag).with(CANCELLED, cancelled);
        thread.surroundings.set(inner);
        Outside {
            surroundings,
            root: thread.root.replace(entries),
            mark: thread.mail.get(),
            wait: thread.wait.replace(Wait::Foreign),
            task,
        }
    })
}

/// Leaves it, and gives the record back, and what the task waits for.
#[inline]
pub(crate) fn leave_task(outside: Outside) -> (Option<TaskRecord>, Wait) {
    let wait = THREAD.with(|thread| {
        thread.surroundings.set(outside.surroundings);
        thread.root.set(outside.root);
        if !outside.surroundings.inside() {
            thread.dirty.set(false);
        }
        thread.wait.replace(outside.wait)
    });
    (replace_task(outside.task), wait)
}

/// Enters a plain scope, if nothing is cancelled here, as far as is known; gives what was there
/// and the mark in the mailbox.
#[inline]
pub(crate) fn enter_plain(serial: u64, deadline: Instant) -> Option<(Surroundings, u32)> {
    THREAD.with(|thread| {
        let outer = thread.surroundings.get();
        if outer.has(CANCELLED) || thread.dirty.get() {
            return None;
        }
        thread.surroundings.set(outer.in_scope(serial, deadline));
        Some((outer, thread.mail.get()))
    })
}

/// Leaves it; false if something has come up that a plain scope has to look at.
#[inline]
pub(crate) fn leave_plain(outer: Surroundings, mark: u32) -> bool {
    THREAD.with(|thread| {
        thread.surroundings.set(outer);
        let quiet = thread.mail.get() == mark && !thread.dirty.get();
        if !outer.inside() {
            thread.dirty.set(false);
        }
        quiet
    })
}

/// Notes that a scope, deadline or shield was changed. Outside every frame there is no record
/// that could be stale.
pub(crate) fn mark_dirty() {
    THREAD.with(|thread| {
        if thread.surroundings.get().inside() {
            thread.dirty.set(true);
        }
    });
}

/// Called by the outermost frame on its way out.
#[inline]
pub(crate) fn clear_dirty() {
    THREAD.with(|thread| thread.dirty.set(false));
}

/// Whether an operation that is polled here must not start.
#[inline]
pub(crate) fn effectively_cancelled() -> bool {
    THREAD.with(|thread| {
        if thread.dirty.get() {
            evaluate().cancelled
        } else {
            thread.surroundings.get().has(CANCELLED)
        }
    })
}

/// Makes a scope's node visible to readers inside; see [`pop_entry`].
#[inline]
pub(crate) fn push_entry(node: Arc<Node>, outer: Surroundings) {
    ENTRIES.with_borrow_mut(|entries| entries.push(Entry { node, outer }));
    THREAD.with(|thread| thread.entries.set(thread.entries.get() + 1));
}

/// Takes back what [`push_entry`] was given.
#[inline]
pub(crate) fn pop_entry() -> Option<Arc<Node>> {
    THREAD.with(|thread| thread.entries.set(thread.entries.get().saturating_sub(1)));
    ENTRIES
        .with_borrow_mut(|entries| entries.pop())
        .map(|entry| entry.node)
}

/// Something was interrupted here because of a cancellation further out: no shield that is
/// switched on in between may stop that any more (rule C7).
#[cold]
pub(crate) fn latch() {
    let base = surroundings().base as usize;
    ENTRIES.with_borrow(|entries| {
        let inside = entries.iter().skip(base).rev();
        inside
            .take_while(|entry| !entry.node.is_cancelled())
            .for_each(|entry| entry.node.latch());
    });
}

#[inline]
pub(crate) fn entries() -> u32 {
    THREAD.with(|thread| thread.entries.get())
}

/// The node of the innermost group whose body is being polled by the current task.
pub(crate) fn innermost_group<T>(find: impl Fn(&Arc<Node>) -> Option<T>) -> Option<T> {
    let root = THREAD.with(|thread| thread.root.get()) as usize;
    ENTRIES.with_borrow(|entries| {
        entries
            .iter()
            .skip(root)
            .rev()
            .find_map(|entry| find(&entry.node))
    })
}

/// How much mail there is; what lies above an earlier answer has come since.
#[inline]
pub(crate) fn mail() -> u32 {
    THREAD.with(|thread| thread.mail.get())
}

pub(crate) fn post(mail: Mail) {
    THREAD.with(|thread| thread.mail.set(thread.mail.get() + 1));
    MAILBOX.with_borrow_mut(|mailbox| mailbox.push(mail));
}

/// Takes what has come since `mark`.
#[cold]
pub(crate) fn collect(mark: u32) -> Vec<Mail> {
    THREAD.with(|thread| thread.mail.set(mark));
    MAILBOX.with_borrow_mut(|mailbox| mailbox.split_off(mark as usize))
}

/// Takes one from the task's budget; false if it is used up, and then it is filled again.
#[inline]
pub(crate) fn take_budget() -> bool {
    THREAD.with(|thread| match thread.budget.get() {
        0 => {
            thread.budget.set(BUDGET);
            false
        }
        left => {
            thread.budget.set(left - 1);
            true
        }
    })
}

/// Whether nothing keeps an operation from starting, as far as can be seen at a glance; takes one
/// from the budget then.
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

#[inline]
pub(crate) fn fill_budget() {
    THREAD.with(|thread| thread.budget.set(BUDGET));
}

/// Counts polls of holders that ended with the hold kept; frames compare before and after.
#[inline]
pub(crate) fn held() -> u64 {
    THREAD.with(|thread| thread.held.get())
}

pub(crate) fn count_held() {
    THREAD.with(|thread| thread.held.set(thread.held.get() + 1));
}

/// Notes that context variables are set in something that runs on this thread.
pub(crate) fn note_contexts() {
    THREAD.with(|thread| thread.contexts.set(true));
}

#[inline]
pub(crate) fn may_have_context() -> bool {
    THREAD.with(|thread| thread.contexts.get())
}

/// Notes what the operation that is being polled waits for, for the listing of tasks.
#[inline]
pub(crate) fn waits_for(wait: Wait) {
    THREAD.with(|thread| thread.wait.set(wait));
}

/// Moves a task's record in or out.
#[inline]
fn replace_task(task: Option<TaskRecord>) -> Option<TaskRecord> {
    TASK.try_with(|cell| cell.replace(task)).ok().flatten()
}

/// Lends the record of the current task. Must not run user code.
#[inline]
pub(crate) fn with_task<T>(use_it: impl FnOnce(Option<&TaskRecord>) -> T) -> T {
    let task = replace_task(None);
    let result = use_it(task.as_ref());
    if task.is_some() {
        replace_task(task);
    }
    result
}

/// The record of the current task.
pub(crate) fn current_task() -> Option<TaskRecord> {
    with_task(|task| task.cloned())
}

/// Returns the name of the current task, for messages.
pub(crate) fn task_name() -> Option<String> {
    with_task(|task| task.map(|task| task.name().to_string()))
}

/// The id of the current task.
#[inline]
pub(crate) fn task_id() -> Option<u64> {
    if surroundings().has(IN_TASK) {
        with_task(|task| task.map(TaskRecord::id))
    } else {
        None
    }
}

/// Runs `f`, which drops something of the user's, outside the scopes around (rule C8).
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

/// Leaves the waker of something that does not go on because of a cancellation, so that it is
/// polled again once that no longer holds.
pub(crate) fn refuse_as(id: u64, cx: &std::task::Context<'_>) {
    post(Mail::Refused(id, cx.waker().clone()));
}

/// The same for something that is asked seldom enough to need no number of its own.
pub(crate) fn refuse(cx: &std::task::Context<'_>) {
    refuse_as(next_serial(), cx);
}

#[inline]
pub(crate) fn is_dirty() -> bool {
    THREAD.with(|thread| thread.dirty.get())
}
