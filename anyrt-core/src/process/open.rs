//! [`Process`]: an open process, and the functions that open one.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use super::child::{Child, Owned, Waiter};
use super::command::Command;
use super::exit::ChildExit;
use super::numbers::{KILL, TERM};
use super::pipe::{Pipe, PipeReader, PipeWriter};
use super::pipe_end::PipeEnd;
use super::program::{self, StartedProgram};
use super::start::{Started, start};
use crate::cancel::{Leased, checkpoint, finally, move_on_after, with_resource};
use crate::engine::poll_state::next_serial;
use crate::engine::{FallibleOperation, Run};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Descriptors, ProgramHost};
use crate::thread::to_thread;

/// Starts a program, and returns its process, which can be passed on.
///
/// Standard streams that are not set become pipes. If a block of code determines how long the program should
/// run, use [`with_process`].
///
/// # Cancel safety
///
/// A dropped future leaves no process (rule [P11](crate::rules#p11)). Once it has begun, a cancelled caller gets
/// the process.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for conflicting options and for [`input`](Command::input);
/// otherwise the error of starting the program.
pub fn open_process<R: Descriptors>(
    command: impl Into<Command>,
) -> impl Future<Output = io::Result<Process<R>>> + Send {
    let command = command.into();
    async move {
        if command.input.is_some() {
            let text =
                "`input` is for `run_process`: write to the standard input of an open process";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        open(command).await
    }
}

pub(super) async fn open<R: Descriptors>(command: Command) -> io::Result<Process<R>> {
    command.validate()?;
    if let Some(host) = R::programs() {
        // In place of the call on a worker thread: other tasks have their turn.
        checkpoint().await;
        return open_program(&*host, command);
    }
    R::check()?;
    let handle = R::current()?;
    let run = Run::current();
    to_thread::run::<R, _, _>(move || {
        let Started {
            child,
            stdin,
            stdout,
            stderr,
        } = start(&command)?;
        let child = Child::new(child, command.group)?;
        // From here on the destructor kills and reaps the child, on any thread.
        let owned = Owned::new(child, run, handle);
        let reader = |pipe: Option<_>| {
            let end = pipe.map(PipeEnd::reader).transpose()?;
            io::Result::Ok(end.map(Pipe::new))
        };
        Ok(Process {
            stdin: stdin.map(PipeEnd::writer).transpose()?.map(Pipe::new),
            stdout: reader(stdout)?,
            stderr: reader(stderr)?,
            owned,
            grace: command.grace,
        })
    })
    .await
}

/// Starts a program of the runtime's host, which does not block.
fn open_program<R: Descriptors>(
    host: &dyn ProgramHost,
    command: Command,
) -> io::Result<Process<R>> {
    let handle = R::current()?;
    let StartedProgram {
        child,
        stdin,
        stdout,
        stderr,
    } = program::start(host, &command)?;
    Ok(Process {
        stdin: stdin.map(Pipe::new),
        stdout: stdout.map(Pipe::new),
        stderr: stderr.map(Pipe::new),
        owned: Owned::new(child, Run::current(), handle),
        grace: command.grace,
    })
}

/// Starts a program, passes its process to `body`, and ends it with the block.
///
/// - When the body ends, with an `Err` or not, the pipes of the process are closed, and its end is waited for.
/// - If the block is cancelled, or the body panics, the program is killed and reaped, after its
///   [`grace`](Command::grace).
///
/// # Cancel safety
///
/// As [`open_process`]: a dropped future leaves no process.
///
/// # Errors
///
/// As [`open_process`]; and if the status is unknown, since other code has waited for the process.
///
/// # Panics
///
/// As [`with_resource`].
pub fn with_process<R, T, B, BF>(
    command: impl Into<Command>,
    body: B,
) -> impl Future<Output = io::Result<(T, ExitStatus)>>
where
    R: Descriptors,
    B: FnOnce(Leased<Process<R>>) -> BF,
    BF: Future<Output = T>,
{
    let command = command.into();
    async move {
        let process = open_process::<R>(command).await?;
        let (child, grace) = (process.child().clone(), process.grace);
        let outputs = process.outputs();
        // Kept until its child has been waited for, since its destructor kills the child.
        let place = Arc::new(Mutex::new(None));
        let kept = place.clone();
        let block = async {
            let keep = async |process| *lock(&place) = Some(process);
            let value = with_resource(process, body, keep).await;
            let process: Option<Process<R>> = lock(&place).take();
            let Some(process) = process else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let status = process.close().await?;
            Ok((value, status))
        };
        finally(block, async || {
            end::<R>(&child, outputs, grace).await;
            let process: Option<Process<R>> = lock(&kept).take();
            drop(process);
        })
        .await
    }
}

/// The standard output and the standard error of a process, if they are pipes.
pub(super) type Outputs<S> = [Option<Arc<Pipe<S>>>; 2];

/// Kills a child, if it has not ended, and reaps it. The caller must shield this.
///
/// In its grace period, a child may write more than its pipes hold. Without a reader, it would never end.
pub(super) async fn end<R: Descriptors>(
    child: &Child<R::Source>,
    outputs: Outputs<R::Source>,
    grace: Option<Duration>,
) {
    if child.try_reap().is_some() {
        return;
    }
    if let Some(grace) = grace {
        drop(child.signal(TERM));
        let user = next_serial();
        let mut waiter = Waiter::default();
        let ended = poll_fn(|cx| {
            for pipe in outputs.iter().flatten() {
                pipe.poll_discard(cx, user);
            }
            child.poll_ended(cx, &mut waiter)
        });
        if move_on_after::<R, _>(grace, ended).await.is_some() {
            return;
        }
    }
    drop(child.signal(KILL));
    drop(ended(child).await);
}

/// Waits for the end of a child, and reaps it.
async fn ended<S: crate::runtime::Source>(child: &Child<S>) -> io::Result<ChildExit> {
    let mut waiter = Waiter::default();
    poll_fn(|cx| child.poll_ended(cx, &mut waiter)).await
}

/// An open process.
///
/// All its methods take `&self`, so any number of tasks can wait for it, signal it and use its pipes.
///
/// Dropping it kills the process. It is reaped in the background, and the run waits for that.
pub struct Process<R: Descriptors> {
    pub(super) stdin: Option<Arc<Pipe<R::Source>>>,
    pub(super) stdout: Option<Arc<Pipe<R::Source>>>,
    pub(super) stderr: Option<Arc<Pipe<R::Source>>>,
    owned: Owned<R>,
    pub(super) grace: Option<Duration>,
}

impl<R: Descriptors> Process<R> {
    /// Returns the process id. After the process has been waited for, the system may reuse it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["sleep", "60"]).await?;
    /// assert_ne!(process.id(), std::process::id());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn id(&self) -> u32 {
        self.child().id()
    }

    /// Returns how the process ended; `None` while it is running.
    ///
    /// # Errors
    ///
    /// As [`wait`](Process::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["sleep", "60"]).await?;
    /// assert_eq!(process.status()?, None);
    /// process.kill()?;
    /// let status = process.wait().await?;
    /// assert_eq!(process.status()?, Some(status));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn status(&self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child().try_reap();
        ended.map(ChildExit::status).transpose()
    }

    /// Waits until the process has ended, and returns how. Any number of tasks may wait, any number of
    /// times.
    ///
    /// The call does not close the standard input, and does not wait for the end of the outputs, which other
    /// processes may hold open.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it can be called again.
    ///
    /// # Errors
    ///
    /// If other code in this program has waited for the process, or SIGCHLD is ignored, the status is
    /// unknown.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["true"]).await?;
    /// assert!(process.wait().await?.success());
    /// assert!(process.wait().await?.success(), "any number of times");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn wait(&self) -> impl Future<Output = io::Result<ExitStatus>> + Send {
        let mut operation = FallibleOperation::new();
        let mut waiter = Waiter::default();
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                let ended = self.child().poll_ended(cx, &mut waiter);
                ended.map(|ended| ended.and_then(ChildExit::status))
            })
        })
    }

    /// Kills the process, or its [group](Command::group): with SIGKILL, or on Windows so that its exit status is 1. If
    /// the process has ended, this has no effect.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually because the process runs as another user.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["sleep", "60"]).await?;
    /// process.kill()?;
    /// assert_eq!(process.wait().await?.code(), None, "a signal ended it");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn kill(&self) -> io::Result<()> {
        self.child().signal(KILL)
    }

    /// Returns a handle to the standard input of the process; `None` if it is not a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt};
    ///
    /// # anyrt::run(async {
    /// let cat = open_process(["cat"]).await?;
    /// let mut stdin = cat.stdin().unwrap();
    /// stdin.send(b"hello").await?;
    /// stdin.close().await?;
    /// assert_eq!(cat.stdout().unwrap().receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stdin(&self) -> Option<PipeWriter<R>> {
        self.stdin.as_ref().map(PipeWriter::new)
    }

    /// Returns a handle to the standard output of the process; `None` if it is not a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::stream::ByteReceiveStreamExt;
    ///
    /// # anyrt::run(async {
    /// let echo = open_process(["echo", "hello"]).await?;
    /// assert_eq!(echo.stdout().unwrap().receive(100).await?, b"hello\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stdout(&self) -> Option<PipeReader<R>> {
        self.stdout.as_ref().map(PipeReader::new)
    }

    /// Returns a handle to the standard error of the process; `None` if it is not a pipe.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, open_process};
    /// use anyrt::stream::ByteReceiveStreamExt;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(Command::shell("echo no such page >&2")).await?;
    /// assert_eq!(process.stderr().unwrap().receive(100).await?, b"no such page\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stderr(&self) -> Option<PipeReader<R>> {
        self.stderr.as_ref().map(PipeReader::new)
    }

    /// Closes all pipes, and waits until the process has ended.
    ///
    /// If the call is cancelled, the process is killed and reaped before the cancellation continues.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the process, like dropping the process.
    ///
    /// # Errors
    ///
    /// As [`wait`](Process::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let cat = open_process(["cat"]).await?;
    /// assert!(cat.close().await?.success(), "`cat` reads the end of its input");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(self) -> io::Result<ExitStatus> {
        self.close_pipes();
        finally(self.wait(), || {
            end::<R>(self.child(), [None, None], self.grace)
        })
        .await
    }

    pub(super) fn child(&self) -> &Arc<Child<R::Source>> {
        self.owned.child()
    }

    pub(super) fn outputs(&self) -> Outputs<R::Source> {
        [self.stdout.clone(), self.stderr.clone()]
    }

    fn close_pipes(&self) {
        let pipes = [&self.stdin, &self.stdout, &self.stderr];
        pipes.into_iter().flatten().for_each(|pipe| pipe.close());
    }
}

impl<R: Descriptors> Drop for Process<R> {
    fn drop(&mut self) {
        self.close_pipes();
    }
}

impl<R: Descriptors> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.id())
            .field("status", &self.child().try_reap())
            .finish_non_exhaustive()
    }
}
