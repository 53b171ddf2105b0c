//! [`run_process`]: feeding, reading and waiting in one future.

use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::child::Waiter;
use super::command::{Command, Stdio};
use super::exit::ChildExit;
use super::open::{Process, end, open};
use super::os::SETTLING;
use super::output::{Failed, Output, ProcessError};
use super::pipe::{CALLS, Pipe};
use crate::cancel::finally;
use crate::engine::{Operation, Wait, poll_state};
use crate::loom::Arc;
use crate::runtime::{Descriptors, Source};
use crate::stream::is_broken;

/// The room for the first read, and for later ones: most programs write little, and a pipe of Linux holds at
/// most the second.
const FIRST_READ: usize = 4096;
const NEXT_READ: usize = 64 * 1024;

/// Runs a program to its end: feeds it its [input](Command::input), and collects its output.
///
/// The standard output and the standard error are captured unless they are set. The standard input is the
/// input, or the null device.
///
/// The call waits for the end of the program and for the end of its output; see [`group`](Command::group) and
/// [`linger`](Command::linger). Input that is not read is not an error.
///
/// The system starts programs fast whatever the memory of this process. With [`uid`](Command::uid),
/// [`gid`](Command::gid) and [`session`](Command::session), and if a program that is searched is given
/// another `PATH`, it forks this process, which takes longer the more memory that has.
///
/// # Cancel safety
///
/// If the call is cancelled, the program is killed and reaped before the cancellation continues; with
/// [`grace`](Command::grace), it is sent SIGTERM first, and its further output is discarded. If the future is
/// dropped, the program is killed, and the run waits until it is reaped. Its output is lost.
///
/// # Errors
///
/// - [`ProcessError::Failed`], with the output, unless [`check`](Command::check) is off.
/// - [`ProcessError::Io`] with the error that [`with_process`](super::with_process) returns.
pub fn run_process<R: Descriptors>(
    command: impl Into<Command>,
) -> impl Future<Output = Result<Output, ProcessError>> + Send {
    let mut command = command.into();
    async move {
        command.validate()?;
        let input = command.input.take();
        if command.stdin.is_none() {
            command.stdin = Some(match input {
                Some(_) => Stdio::Pipe.into(),
                None => Stdio::Null.into(),
            });
        }
        let (check, program) = (command.check, command.program.clone());
        let (limit, linger) = (command.output_limit, command.linger);
        let process = open::<R>(command).await?;
        let drive = Drive {
            input,
            fed: 0,
            stdout: Capture::new(process.stdout.as_ref(), limit),
            stderr: Capture::new(process.stderr.as_ref(), limit),
            status: None,
            linger,
            timer: None,
            waiter: Waiter::default(),
            operation: Operation::New,
            process: &process,
        };
        let cleanup = || end::<R>(process.child(), process.outputs(), process.grace);
        let output = finally(drive, cleanup).await?;
        if check && !output.status.success() {
            let failed = Failed::new(program, output);
            return Err(ProcessError::Failed(Box::new(failed)));
        }
        Ok(output)
    }
}

/// The state of a run: feeding, reading and waiting, all concurrently, in one future.
struct Drive<'a, R: Descriptors> {
    process: &'a Process<R>,
    /// The input not fed yet; `None` once all is fed, or the program no longer reads.
    input: Option<Arc<[u8]>>,
    fed: usize,
    stdout: Capture<R::Source>,
    stderr: Capture<R::Source>,
    status: Option<ExitStatus>,
    linger: Option<Duration>,
    /// The timer for `linger`; set at the end of the program.
    timer: Option<Pin<Box<R::Timer>>>,
    waiter: Waiter,
    operation: Operation,
}

impl<R: Descriptors> Future for Drive<'_, R> {
    type Output = io::Result<Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Output>> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        loop {
            this.feed(cx)?;
            let stdout = this.stdout.poll_end(cx)?;
            let stderr = this.stderr.poll_end(cx)?;
            let Some(status) = this.status else {
                let ended = ready!(this.process.child().poll_ended(cx, &mut this.waiter))?;
                this.status = Some(ChildExit::status(ended)?);
                this.input = None;
                // The output that it wrote before its end is available by now.
                continue;
            };
            let ended = stdout.is_ready() && stderr.is_ready();
            if !ended {
                poll_state::waits_for(Wait::Process);
                let Some(linger) = this.linger else {
                    return Poll::Pending;
                };
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(R::timer(R::now() + linger.max(SETTLING))));
                ready!(timer.as_mut().poll(cx));
            }
            return Poll::Ready(Ok(Output {
                status,
                complete: ended && !this.stdout.cut && !this.stderr.cut,
                stdout: this.stdout.bytes.take(),
                stderr: this.stderr.bytes.take(),
            }));
        }
    }
}

impl<R: Descriptors> Drive<'_, R> {
    /// Feeds as much as the pipe has room for; closes it after the last byte.
    fn feed(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(pipe) = &self.process.stdin else {
            return Ok(());
        };
        let mut calls = 0;
        while let (Some(input), Some(end)) = (&self.input, pipe.end()) {
            let rest = &input[self.fed..];
            if rest.is_empty() {
                self.input = None;
                break;
            }
            if calls == CALLS {
                poll_state::yield_turn(cx.waker());
                return Ok(());
            }
            calls += 1;
            match end.poll_write(cx, rest) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(written)) => self.fed += written,
                // The program does not read its input: its status decides.
                Poll::Ready(Err(error)) if is_broken(&error) => self.input = None,
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        pipe.close();
        Ok(())
    }
}

/// One output stream of a program.
struct Capture<S> {
    /// The pipe; `None` after its end.
    pipe: Option<Arc<Pipe<S>>>,
    /// The bytes; `None` if it is not a pipe.
    bytes: Option<Vec<u8>>,
    limit: usize,
    /// Whether there were more bytes than the limit.
    cut: bool,
}

impl<S: Source> Capture<S> {
    fn new(pipe: Option<&Arc<Pipe<S>>>, limit: Option<usize>) -> Capture<S> {
        Capture {
            bytes: pipe.map(|_| Vec::new()),
            pipe: pipe.cloned(),
            limit: limit.unwrap_or(usize::MAX),
            cut: false,
        }
    }

    /// Reads the available bytes. Ready after the end.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        let mut calls = 0;
        while let (Some(pipe), Some(bytes)) = (&self.pipe, &mut self.bytes) {
            if calls == CALLS {
                poll_state::yield_turn(cx.waker());
                return Ok(Poll::Pending);
            }
            calls += 1;
            let Some(end) = pipe.end() else { break };
            bytes.reserve(if bytes.is_empty() {
                FIRST_READ
            } else {
                NEXT_READ
            });
            match end.poll_read_to(cx, bytes)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(0) => {
                    pipe.close();
                    self.pipe = None;
                }
                Poll::Ready(_) => {
                    self.cut |= bytes.len() > self.limit;
                    bytes.truncate(self.limit);
                }
            }
        }
        Ok(Poll::Ready(()))
    }
}
