//! Child processes.
//!
//! | | |
//! | --- | --- |
//! | [`run_process`] | runs a program to its end, feeds it and collects what it writes |
//! | [`with_process`] | lends an open process to a block, and ends it with the block |
//! | [`open_process`] | starts a program, to be handed around |
//!
//! No program outlives the code that has started it: cancelled, dropped or left by a panic, it is killed and
//! reaped.

use std::io;
use std::process::ExitStatus;

use anyrt_core::process;

pub use anyrt_core::process::{Command, Failed, Output, ProcessError, Stdio};

use crate::{Ambient, Lent};

/// An open process.
///
/// All its methods take `&self`, so any number of tasks can wait for it, signal it and use its pipes.
///
/// Dropping it kills the process. It is reaped in the background, and the run does not end before that.
pub type Process = process::Process<Ambient>;

/// Receives what a process writes to its standard output, or to its standard error.
///
/// It is a handle to a pipe that the [`Process`] keeps: dropping it closes nothing.
/// [`close`](process::PipeReader::close) closes the pipe for all handles, and so does the end of the
/// process's block; operations on it then report [closed](crate::stream::is_closed).
pub type PipeReader = process::PipeReader<Ambient>;

/// Sends bytes to the standard input of a process.
///
/// It is a handle to a pipe that the [`Process`] keeps: dropping it closes nothing.
/// Closing it ([`send_eof`](crate::stream::ByteSendStreamExt::send_eof),
/// [`close`](crate::stream::ByteSendStreamExt::close)) closes the pipe for all handles, and the process
/// sees the end of its input.
pub type PipeWriter = process::PipeWriter<Ambient>;

/// Runs a program to its end: feeds it its [input](Command::input), and collects what it writes.
///
/// The standard output and the standard error are captured unless they are set, and the standard input is the
/// input or the null device.
///
/// It waits for the end of the program and for the end of its output, which another process may hold open, such
/// as one that the program has started in the background. [`group`](Command::group) has such processes
/// killed, and [`linger`](Command::linger) limits the time. A program that does not read its input is no
/// error.
///
/// The system starts programs fast whatever the memory of this process. It forks this process, which takes
/// longer the more memory that has, with [`uid`](Command::uid), [`gid`](Command::gid) and
/// [`session`](Command::session), and if a program that is looked up is given another `PATH`.
///
/// # Cancel safety
///
/// If it is cancelled, the program is killed and reaped before the cancellation goes on; with
/// [`grace`](Command::grace), it is sent SIGTERM first, and what it writes then is thrown away. Dropped from outside, the program is killed, and
/// the run reaps it and does not end before that. Its output is lost.
///
/// # Errors
///
/// - [`ProcessError::Failed`] if the program did not succeed, with what it wrote, unless
///   [`check`](Command::check) is off.
/// - [`ProcessError::Io`] of the kind [`InvalidInput`](io::ErrorKind::InvalidInput) for options that
///   contradict each other, before anything is started.
/// - [`ProcessError::Io`] with the error of the operating system, and its kind, if the program cannot be
///   started; and if its status is not known, since something else has waited for it.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::process::{Command, run_process};
/// use std::time::Duration;
///
/// let outcome = anyrt::run(async {
///     let sort = Command::new("sort").arg("-r").input("a\nb\n");
///     let sorted = run_process(sort).await?;
///     assert_eq!(sorted.stdout.as_deref(), Some(&b"b\na\n"[..]));
///
///     // Nothing is left of it after the limit.
///     let slow = run_process(["sleep", "60"]);
///     let limited = anyrt::move_on_after(Duration::from_millis(10), slow).await;
///     assert!(limited.is_none());
///
///     run_process(Command::shell("echo no such page >&2; exit 4")).await
/// });
/// assert_eq!(outcome.unwrap_err().to_string(), "/bin/sh: exit status 4: no such page");
/// ```
pub fn run_process(
    command: impl Into<Command>,
) -> impl Future<Output = Result<Output, ProcessError>> + Send {
    process::run_process::<Ambient>(command)
}

/// Starts a program, lends its process to `body`, and ends it with the block.
///
/// - If the body ends, the standard input and the outputs of the process are closed, and its end is waited
///   for. A program that goes on writing then sees a broken pipe. An `Err` is a value like any other; a
///   program that is not to go on after it has to be [killed](process::Process::kill).
/// - If the block is cancelled, or the body panics, the program is killed and reaped before that goes on;
///   with [`grace`](Command::grace), it is sent SIGTERM first.
///
/// # Cancel safety
///
/// If the future is dropped before completing, the program was not started, or is killed and reaped.
///
/// # Errors
///
/// As [`open_process`]; and if the status is not known, since something else has waited for the process.
///
/// # Panics
///
/// As [`with_resource`](crate::with_resource).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::process::{Command, with_process};
/// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
///
/// let ended = anyrt::run(with_process(Command::new("cat"), async |cat| {
///     let (mut input, mut output) = (cat.stdin().unwrap(), cat.stdout().unwrap());
///     input.send(b"ping").await?;
///     output.receive(100).await
/// }));
/// let (answer, status) = ended.unwrap();
/// assert_eq!(answer.unwrap(), b"ping");
/// assert!(status.success());
/// ```
pub fn with_process<T, B, BF>(
    command: impl Into<Command>,
    body: B,
) -> impl Future<Output = io::Result<(T, ExitStatus)>>
where
    B: FnOnce(Lent<Process>) -> BF,
    BF: Future<Output = T>,
{
    process::with_process::<Ambient, T, B, BF>(command, body)
}

/// Starts a program, and returns its process, to be handed around.
///
/// Standard streams that are not set become pipes. Where a block can say how long the program is to run, use
/// [`with_process`].
///
/// # Cancel safety
///
/// If the future is dropped before completing, the program was not started, or is killed and reaped. A
/// cancelled caller waits until the program has been started, and gets the process.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for options that contradict each other, and for
///   [`input`](Command::input), which is for [`run_process`].
/// - The error of the operating system, with its kind, if the program cannot be started.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::process::open_process;
///
/// let status = anyrt::run(async {
///     let process = open_process(["sleep", "60"]).await?;
///     process.terminate()?;
///     process.wait().await
/// });
/// assert_eq!(status.unwrap().code(), None, "a signal ended it");
/// ```
pub fn open_process(
    command: impl Into<Command>,
) -> impl Future<Output = io::Result<Process>> + Send {
    process::open_process::<Ambient>(command)
}
