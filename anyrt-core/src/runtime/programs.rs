//! The facet that runs programs in place of the operating system.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::task::Waker;

use futures_io::{AsyncRead, AsyncWrite};

/// Runs programs in place of the operating system, as a simulation does.
///
/// [`Descriptors::programs`](super::Descriptors::programs) returns it. Core then starts no process of the operating
/// system: it passes each command to the host, and connects the standard streams by pipes in memory. The
/// functions of the feature `process` behave as usual.
///
/// # Contract
///
/// 1. [`start`](ProgramHost::start) MUST return at once. The program MUST NOT run before it returns.
/// 2. When the program ends, the host MUST drop the streams of the launch, then set the status, and then wake
///    `ended`.
/// 3. If there is no program of that name, the error MUST be [`NotFound`](io::ErrorKind::NotFound), and its
///    message should name the remedy.
pub trait ProgramHost: Send + Sync + 'static {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    fn start(&self, launch: Launch, ended: Waker) -> io::Result<Box<dyn RunningProgram>>;
}

/// A program that a [`ProgramHost`] has started.
///
/// Dropping it does not affect the program: core kills a program that must end.
pub trait RunningProgram: fmt::Debug + Send + Sync + 'static {
    /// Returns the id of the process.
    fn id(&self) -> u32;

    /// Returns the exit status, or `None` while the program is running. It MUST NOT change.
    fn status(&self) -> Option<ExitStatus>;

    /// Sends the signal with this number to the program. MUST have no effect on a program that has ended.
    /// SIGKILL MUST end the program, and everything that it has started, soon.
    ///
    /// # Errors
    ///
    /// If the host does not support the signal.
    fn signal(&self, number: i32) -> io::Result<()>;
}

/// A program to start: its name, arguments, environment and standard streams.
#[non_exhaustive]
pub struct Launch {
    /// The name or path of the program.
    pub program: OsString,
    /// The arguments, without the name.
    pub args: Vec<OsString>,
    /// The name that the program should see instead of its own, if any.
    pub arg0: Option<OsString>,
    /// The variables of the environment that are set, or removed if `None`, in this order.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// The working directory, if it is set.
    pub current_dir: Option<PathBuf>,
    /// The standard input; `None` is an empty one.
    pub stdin: Option<Box<dyn AsyncRead + Send + Sync + Unpin>>,
    /// The standard output.
    pub stdout: LaunchOutput,
    /// The standard error.
    pub stderr: LaunchOutput,
}

/// The target of an output of a program to start.
#[non_exhaustive]
pub enum LaunchOutput {
    /// The bytes are dropped.
    Null,
    /// The same stream of this process.
    Inherit,
    /// The target of the standard output. For the standard error alone.
    Stdout,
    /// A pipe.
    Pipe(Box<dyn AsyncWrite + Send + Sync + Unpin>),
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch")
            .field("program", &self.program)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LaunchOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LaunchOutput::Null => "Null",
            LaunchOutput::Inherit => "Inherit",
            LaunchOutput::Stdout => "Stdout",
            LaunchOutput::Pipe(_) => "Pipe",
        })
    }
}
