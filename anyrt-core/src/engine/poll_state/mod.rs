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
mod thread;

pub(crate) use self::branch::{polling_branch, polling_branches};
#[cfg(feature = "fs")]
pub(crate) use self::budget::give_budget_back;
pub(crate) use self::budget::{budget, may_start, take_budget, use_up_budget, yield_turn};
pub(crate) use self::cell::{AT_ROOT, CANCELLED, IN_TASK, LOCAL_CANCELLED, Surroundings};
pub(crate) use self::evaluate::{
    By, effectively_cancelled, evaluate, is_aborted, look_around, plain_deadline,
};
pub use self::observe::{Observed, observe};
pub(crate) use self::observe::{call_hook, is_observed, observe_too};
pub(crate) use self::open_block::{keep_open_block, spawns_again, take_open_block};
pub(crate) use self::open_frames::{
    close_frame, innermost_group, innermost_node, keeper_of_refused, latch, open_frame, refuse,
};
pub use self::serials::{OwnNumbers, own_numbers};
pub(crate) use self::serials::{next_serial, next_serials, number_in_process, thread_number};
pub(crate) use self::task::{
    Saved, current_task, enter_plainly, enter_task, in_task, leave_outermost, leave_pending,
    leave_task, task_clock, task_id, task_name, with_task,
};
pub use self::thread::current_tag;
pub(crate) use self::thread::{
    clear_dirty, count_held, count_shielded, enter_plain, entries, held, is_dirty, leave_plain,
    leave_scopes, mark_dirty, may_have_context, note_contexts, outside, set_surroundings, shielded,
    surroundings, waits_for,
};
