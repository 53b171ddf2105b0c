//! Child processes.
//!
//! | | |
//! | --- | --- |
//! | [`run_process`] | runs a program to its end, with its input, and captures its output |
//! | [`with_process`] | lends an open process to a block, and ends it with the block |
//! | [`open_process`] | starts a program, and returns its process |
//!
//! No program outlives the code that started it: if that code is cancelled, dropped or left by a panic,
//! the program is killed and reaped.
//!
//! # Windows
//!
//! Windows has no signals to other processes, so `signal`, `terminate` and `grace` do not exist there, nor do
//! `session`, `uid`, `gid`, `umask` and `arg0`. [`kill`](process::Process::kill) ends a process with the status 1. A
//! [`group`](Command::group) is a job object, which the system also kills if this process is killed.
//!
//! Threads copy what a program reads and writes. So writing to a program that no longer reads may succeed for a few
//! kilobytes, and [`linger`](Command::linger) waits for 100 ms at least. A process that a program has left behind, and
//! that keeps a pipe open, keeps a thread of this process, for which no run waits.
//!
//! # Simulated runs
//!
//! In a [simulated run](crate#simulated-runs) no program of the system is started. A test registers functions in place
//! of programs, with `anyrt::sim::Simulation::program`; the functions here then behave as usual. Other programs are
//! [`NotFound`](io::ErrorKind::NotFound), and options that only the system has, such as files as standard streams, are
//! [`Unsupported`](io::ErrorKind::Unsupported).

use std::io;
use std::process::ExitStatus;

use anyrt_core::process;

pub use anyrt_core::process::{Command, Failed, Output, ProcessError, Stdio};

use crate::{Ambient, Leased};

/// An open process.
///
/// All its methods take `&self`, so any number of tasks can wait for it, send it signals and use its
/// pipes.
///
/// Dropping it kills the process. The process is reaped in the background, and the run does not end
/// before that.
pub type Process = process::Process<Ambient>;

/// A byte stream that reads the standard output or the standard error of a process.
///
/// It is a handle to a pipe that the [`Process`] keeps: dropping it does not close the pipe.
/// [`close`](process::PipeReader::close) closes the pipe for all handles, and so does the end of the
/// process's block; operations on it then report [closed](crate::stream::is_closed).
pub type PipeReader = process::PipeReader<Ambient>;

/// A byte stream that writes to the standard input of a process.
///
/// It is a handle to a pipe that the [`Process`] keeps: dropping it does not close the pipe. Closing it
/// ([`send_eof`](crate::stream::ByteSendStreamExt::send_eof),
/// [`close`](crate::stream::ByteSendStreamExt::close)) closes the pipe for all handles, and the process
/// reads the end of its input.
pub type PipeWriter = process::PipeWriter<Ambient>;

/// Runs a program to its end, with its [input](Command::input), and captures its output.
///
/// The standard output and the standard error are captured unless they are set. The standard input is
/// the input, or the null device without one.
///
/// It waits for the end of the program and for the end of its output. Another process may hold the
/// output open, such as one that the program has started in the background: [`group`](Command::group)
/// kills such processes, and [`linger`](Command::linger) limits the time. A program that does not read
/// its input is not an error.
///
/// Starting a program is fast, regardless of the memory of this process. There are exceptions, in which
/// this process is forked, and that takes longer the more memory it has: [`uid`](Command::uid),
/// [`gid`](Command::gid) and [`session`](Command::session), and a program that is looked up and has
/// another `PATH`.
///
/// # Cancel safety
///
/// If the call is cancelled, the program is killed and reaped before the cancellation propagates. With
/// [`grace`](Command::grace), it is sent SIGTERM first, and its output from then on is discarded. If the
/// future is dropped from outside, the program is killed; the run reaps it and does not end before that.
/// Its output is lost.
///
/// # Errors
///
/// - [`ProcessError::Failed`] if the program did not succeed, with its output, unless
///   [`check`](Command::check) is off.
/// - [`ProcessError::Io`] of the kind [`InvalidInput`](io::ErrorKind::InvalidInput) for options that
///   contradict each other, before anything is started.
/// - [`ProcessError::Io`] with the error of the operating system, and its kind, if the program cannot be
///   started; also if its status is not known, because other code has waited for it.
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
///     // After the limit, nothing is left of it.
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
/// - If the body ends, the standard input and the outputs of the process are closed, and the call waits
///   until the process has ended. A program that continues to write then gets a broken pipe. An `Err` is
///   a value like any other: to end the program after an error, [kill](process::Process::kill) it.
/// - If the block is cancelled, or the body panics, the program is killed and reaped before the
///   cancellation or the panic continues. With [`grace`](Command::grace), it is sent SIGTERM first.
///
/// # Cancel safety
///
/// If the future is dropped before completing, the program was not started, or is killed and reaped.
///
/// # Errors
///
/// As for [`open_process`]. It also returns an error if the status is not known, because other code has
/// waited for the process.
///
/// # Panics
///
/// As for [`with_resource`](crate::with_resource).
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
    B: FnOnce(Leased<Process>) -> BF,
    BF: Future<Output = T>,
{
    process::with_process::<Ambient, T, B, BF>(command, body)
}

/// Starts a program, and returns its process.
///
/// Standard streams that are not set become pipes. If the program is to end with a block of code, use
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
