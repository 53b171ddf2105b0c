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
//! No state here is shared between threads, except for the counters of serial numbers. User code may run
//! between any two calls, and may enter frames of its own; each frame restores what it found.

mod branch;
mod budget;
mod cell;
mod evaluate;
mod marks;
mod observe;
mod open_block;
mod open_frames;
mod serials;
mod task;

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use self::branch::Identity;
pub(crate) use self::branch::{polling_branch, polling_branches};
use self::budget::BUDGET;
#[cfg(feature = "fs")]
pub(crate) use self::budget::give_budget_back;
pub(crate) use self::budget::{may_start, take_budget, use_up_budget, yield_turn};
pub(crate) use self::cell::{AT_ROOT, CANCELLED, IN_TASK, LOCAL_CANCELLED, Surroundings};
pub(crate) use self::evaluate::{By, evaluate, is_aborted, look_around, plain_deadline};
use self::marks::Marks;
pub use self::observe::{Observed, observe};
pub(crate) use self::observe::{call_hook, is_observed};
pub(crate) use self::open_block::{keep_open_block, spawns_again, take_open_block};
use self::open_frames::OpenFrame;
pub(crate) use self::open_frames::{
    close_frame, entries, innermost_group, innermost_node, keeper_of_refused, latch, open_frame,
    refuse,
};
pub use self::serials::{OwnNumbers, own_numbers};
pub(crate) use self::serials::{next_serial, next_serials, number_in_process, thread_number};
pub(crate) use self::task::{
    Saved, current_task, enter_plainly, enter_task, in_task, leave_outermost, leave_pending,
    leave_task, task_clock, task_id, task_name, with_task,
};
use crate::engine::{OpenBlock, TaskRecord, Wait};
use crate::instant::Instant;
use crate::loom::thread_local;

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
    marks: Marks,
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
            marks: Marks::new(),
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

/// Returns whether an operation that is polled here must not start.
#[inline]
pub(crate) fn effectively_cancelled() -> bool {
    THREAD.with(|thread| {
        if thread.marks.is_dirty() {
            look_around().cancelled
        } else {
            thread.surroundings.get().has(CANCELLED)
        }
    })
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
