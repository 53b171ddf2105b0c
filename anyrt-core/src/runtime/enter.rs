use std::fmt;
use std::io;

use super::Runtime;

/// A configured runtime that can be entered: what starts a run.
///
/// This is apart from [`Runtime`], because a library that runs inside somebody's application
/// never enters anything. It is a value that holds options, and can be cloned for a thread that
/// enters a run of its own.
///
/// # Contract
///
/// 1. [`block_on`](Enter::block_on) MUST drive the future to its end on the calling thread, or on
///    threads that it starts, and MUST return its output. While it does, [`Spawn::current`] works
///    inside the future and inside everything that was spawned from it.
/// 2. When it returns, threads that it started MUST end soon, and tasks that are left MUST be
///    dropped; core sees to it that none of its own are left. A runtime whose threads are shared
///    by the whole process keeps them.
/// 3. It MUST work several times in a row, and from several threads at once.
/// 4. A panic of the future MUST continue in the caller.
///
/// [`Spawn::current`]: super::Spawn::current
pub trait Enter: Clone + fmt::Debug + Send + Sync + 'static {
    /// The marker type under which the tasks of the run find their runtime.
    type Runtime: Runtime;

    /// Drives a future to its end.
    ///
    /// # Errors
    ///
    /// What the operating system says if the runtime cannot be started.
    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output>;
}
