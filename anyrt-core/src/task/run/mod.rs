//! A run: from entering the runtime until all of its tasks have ended.

mod block_on;
mod handle;
mod main;
mod options;

pub(crate) use self::block_on::{
    InPlace, block_on, is_part_of, polls_a_task_of, refuse_inside, reply,
};
pub use self::handle::RunHandle;
pub use self::main::{run, run_future};
pub use self::options::RunOptions;
use crate::engine::Run;

/// The identity of a run: equal within the run, and different from that of every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunToken(u64);

/// Returns the run that the caller belongs to, or `None` outside of every run.
pub fn current_run() -> Option<RunToken> {
    Run::current().map(|run| RunToken(run.id))
}

/// Returns the name of the runtime that polls the current task, such as `"tokio"`. Returns `None` outside of
/// every run, and on worker threads, where code may block.
pub fn current_backend() -> Option<&'static str> {
    Run::of_task().map(|run| run.backend)
}
