//! Tasks and the groups they live in (rules [G1](crate::rules#g1) to [G14](crate::rules#g14)).
//!
//! | file | contents |
//! | --- | --- |
//! | `group` | the kinds of groups, their future, `start` |
//! | `handle` | the handle of a spawned task |
//! | `output` | the types that children and bodies may return |
//! | `run` | a run, and its handles |
//! | `tree` | listing and printing the tasks that are alive |
//!
//! The state that tasks, handles and groups share is in `engine`.

mod group;
mod handle;
mod output;
mod run;
mod tree;

pub use self::group::{
    GroupOptions, LocalTaskGroup, ScopedTaskGroup, StartOutput, Started, TaskBuilder, TaskGroup,
    local_task_group, scoped_task_group, task_group,
};
pub use self::handle::{TaskHandle, TaskStatus, TaskValue, TaskWait};
#[doc(hidden)]
pub use self::output::{FnOutput, Never, Outcome};
pub use self::output::{GroupOutput, TaskOutput};
pub(crate) use self::run::{InPlace, block_on, is_part_of, polls_a_task_of, refuse_inside, reply};
pub use self::run::{
    RunHandle, RunOptions, RunToken, current_backend, current_run, run, run_future,
};
pub(crate) use self::tree::for_each_task;
pub use self::tree::{
    GroupNode, ScopeNode, TaskId, TaskNode, TaskRef, Tree, all, current, entered_tree, tree,
};
pub use crate::engine::{Unhandled, Wait};
