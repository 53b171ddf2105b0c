//! Tasks and the groups they live in (rules G1 to G14).
//!
//! ```text
//!   TaskGroup ──▶ Group ──▶ GroupCore ──▶ Node        one per group
//!                   ▲          │ ▲
//!                   │    lists ▼ │
//!                   └───────── Block ───▶ Record      one block per 16 children
//!                                ▲
//!   TaskHandle, Root ────────────┘                    the handle, and the task itself
//! ```
//!
//! | file | what is in it |
//! | --- | --- |
//! | `core` | who lives in a group, and when it has ended |
//! | `block` | where records are kept, which is the list of children |
//! | `record` | what a task, its handle and its group share |
//! | `root` | the outermost frame of a task |
//! | `group` | the kinds of groups, their future, `start` |
//! | `handle` | what spawning returns |
//! | `run` | a run, and its handles |
//! | `tree` | listing and printing what is alive |

mod around;
mod block;
mod core;
mod errors;
mod group;
mod handle;
#[cfg(all(test, loom))]
mod loom_tests;
mod output;
mod record;
mod root;
mod run;
mod tree;
mod wait;

pub(crate) use self::around::Around;
pub(crate) use self::block::TaskRecord;
pub(crate) use self::core::GroupCore;
pub use self::group::{
    GroupOptions, LocalTaskGroup, ScopedTaskGroup, StartOutput, Started, TaskBuilder, TaskGroup,
    local_task_group, scoped_task_group, task_group,
};
pub use self::handle::{TaskHandle, TaskStatus, TaskValue, TaskWait};
#[doc(hidden)]
pub use self::output::{FnOutput, Never, Outcome};
pub use self::output::{GroupOutput, TaskOutput};
pub(crate) use self::run::Run;
pub use self::run::{
    RunHandle, RunOptions, RunToken, Unhandled, current_backend, current_run, run,
};
pub use self::tree::{GroupNode, ScopeNode, TaskId, TaskNode, TaskRef, Tree, all, current, tree};
pub(crate) use self::tree::{current_name, for_each_task};
pub use self::wait::Wait;
