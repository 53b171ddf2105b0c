//! One run: from entering the runtime until everything in it has ended.

mod block_on;
mod handle;
mod main;
mod options;

pub(crate) use self::block_on::{
    InPlace, block_on, is_part_of, polls_a_task_of, refuse_inside, reply,
};
pub use self::handle::RunHandle;
pub use self::main::run;
pub use self::options::RunOptions;
use crate::engine::Run;

/// Identifies a run: equal within it, different from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunToken(u64);

/// The run that the caller is part of; none outside of every run.
pub fn current_run() -> Option<RunToken> {
    Run::current().map(|run| RunToken(run.id))
}

/// The name of the runtime that polls the current task, such as `"tokio"`; none outside of every
/// run, and on worker threads, whose code may block.
pub fn current_backend() -> Option<&'static str> {
    Run::of_task().map(|run| run.backend)
}
