//! The facet that starts a run.

use std::fmt;
use std::io;

use super::Runtime;

/// A configured runtime that can be entered, to start a run.
///
/// It is separate from [`Runtime`], because a library that runs inside an application never enters a runtime.
/// It is a value that holds options, and can be cloned for a thread that enters another run.
///
/// # Contract
///
/// 1. [`block_on`](Enter::block_on) MUST drive the future to its end on the calling thread, or on threads
///    that it starts, and MUST return its output. Meanwhile, [`Spawn::current`] works inside the future and
///    inside all tasks that were spawned from it.
/// 2. When it returns, threads that it started MUST end soon, and remaining tasks MUST be dropped; core
///    makes sure that none of its own remain. A runtime whose threads are shared by the whole process keeps
///    them.
/// 3. It MUST work several times in a row, and from several threads at once.
/// 4. A panic of the future MUST continue in the caller.
/// 5. It MAY panic itself, for example because no task can go on. The future is then dropped, and its run
///    [crashes](crate::task::run_future): the panic leaves [`run`](crate::task::run()).
/// 6. Functions of [`Blocking`](super::Blocking) that have not ended by then MAY go on, or be left behind. Core
///    ends its idle workers before.
///
/// [`Spawn::current`]: super::Spawn::current
pub trait Enter: Clone + fmt::Debug + Send + Sync + 'static {
    /// The marker type under which the tasks of the run find their runtime.
    type Runtime: Runtime;

    /// Drives a future to its end.
    ///
    /// # Errors
    ///
    /// The error of the operating system if the runtime cannot be started.
    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output>;

    /// Checks whether core may start a thread that enters this runtime for another run, as
    /// [`start_blocking_portal`](crate::thread::start_blocking_portal) does. The thread is one of the standard
    /// library, and the runtime does not decide when it runs. Called on the thread that starts it.
    ///
    /// The default allows it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) if all threads must be those of the runtime, as in a
    /// simulation. The message should name the remedy. It becomes the source of the
    /// [`RunError`](crate::RunError).
    fn check_new_thread(&self) -> io::Result<()> {
        Ok(())
    }
}
