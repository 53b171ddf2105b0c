//! The state of this thread's polls, and access to it.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use super::cell::{CANCELLED, Surroundings};
use super::marks::Marks;
use crate::engine::{OpenBlock, TaskRecord, Wait};
use crate::instant::Instant;
use crate::loom::thread_local;

/// The number of operations of a task that may be ready in one poll before the task yields (rule C11).
pub(super) const BUDGET: u32 = 128;

/// The identity of a waker: the addresses of its data and of its functions.
pub(super) type Identity = (usize, usize);

/// The state of this thread's polls.
pub(super) struct Thread {
    pub(super) surroundings: Cell<Surroundings>,
    /// The number of frames on the stack.
    pub(super) entries: Cell<u32>,
    /// The number of these that are outside the current task's root.
    pub(super) root: Cell<u32>,
    pub(super) budget: Cell<u32>,
    /// The number of operations that this poll has refused since its budget was used up.
    pub(super) refusals: Cell<u32>,
    pub(super) marks: Marks,
    /// The number of changes that made it dirty. A result cached by an open frame is valid until the next
    /// change.
    pub(super) changes: Cell<u64>,
    /// The waker of the branch that is being polled, if it leads to the current task alone.
    pub(super) branch: Cell<Option<Identity>>,
    pub(super) wait: Cell<Wait>,
    pub(super) held: Cell<u64>,
    pub(super) shielded: Cell<u64>,
    /// `true` if context variables may be set in code that runs on this thread. Never reset.
    pub(super) contexts: Cell<bool>,
    /// The address of the last group that the current task has spawned into in this poll; zero if it has not
    /// spawned.
    pub(super) spawned_into: Cell<usize>,
    /// The block of records of that group that the task fills, if it has spawned into the group twice. It is
    /// returned at the end of the poll, so there is none when the thread ends.
    pub(super) open_block: Cell<ManuallyDrop<Option<OpenBlock>>>,
    /// The record of the task that is being polled. Each poll restores the previous one, so there is none
    /// when the thread ends.
    pub(super) task: Cell<ManuallyDrop<Option<TaskRecord>>>,
}

thread_local! {
    pub(super) static THREAD: Thread = const {
        Thread {
            surroundings: Cell::new(Surroundings::OUTSIDE),
            entries: Cell::new(0),
            root: Cell::new(0),
            budget: Cell::new(BUDGET),
            refusals: Cell::new(0),
            marks: Marks::new(),
            changes: Cell::new(0),
            branch: Cell::new(None),
            wait: Cell::new(Wait::Foreign),
            held: Cell::new(0),
            shielded: Cell::new(0),
            contexts: Cell::new(false),
            spawned_into: Cell::new(0),
            open_block: Cell::new(ManuallyDrop::new(None)),
            task: Cell::new(ManuallyDrop::new(None)),
        }
    };
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

/// Enters a plain scope, if nothing is known to be cancelled here. Returns the old surroundings, and the
/// number of open frames.
#[inline]
pub(crate) fn enter_plain(serial: u64, deadline: Instant) -> Option<(Surroundings, u32)> {
    THREAD.with(|thread| {
        let outer = thread.surroundings.get();
        if outer.has(CANCELLED) || thread.marks.is_dirty() {
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
        let quiet = thread.entries.get() == since && !thread.marks.is_dirty();
        if !outer.is_busy() {
            thread.marks.clear_dirty();
        }
        quiet
    })
}

/// Notes that a scope, deadline or shield was changed. Outside every frame no record could be stale.
pub(crate) fn mark_dirty() {
    THREAD.with(|thread| {
        if thread.surroundings.get().is_busy() {
            thread.marks.set_dirty();
            thread.changes.set(thread.changes.get() + 1);
        }
    });
}

/// Clears the dirty mark. Called by the outermost frame when it is left.
#[inline]
pub(crate) fn clear_dirty() {
    THREAD.with(|thread| thread.marks.clear_dirty());
}

#[inline]
pub(crate) fn is_dirty() -> bool {
    THREAD.with(|thread| thread.marks.is_dirty())
}

/// Returns the number of polls of holders that kept their hold. Frames compare it before and after a poll.
#[inline]
pub(crate) fn held() -> u64 {
    THREAD.with(|thread| thread.held.get())
}

pub(crate) fn count_held() {
    THREAD.with(|thread| thread.held.set(thread.held.get() + 1));
}

/// Returns the number of polls of shields that ended pending. Assertions of tests compare it before and after a poll.
pub(crate) fn shielded() -> u64 {
    THREAD.with(|thread| thread.shielded.get())
}

pub(crate) fn count_shielded() {
    THREAD.with(|thread| thread.shielded.set(thread.shielded.get() + 1));
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

#[inline]
pub(crate) fn entries() -> u32 {
    THREAD.with(|thread| thread.entries.get())
}

impl Thread {
    #[inline]
    pub(super) fn fill_budget(&self) {
        self.budget.set(BUDGET);
        self.refusals.set(0);
    }
}
