//! The standard output and the standard error of a program.

use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::runtime::LaunchOutput;
use anyrt_core::stream::{Attributes, SendError};
use futures_io::AsyncWrite;

use crate::current::with_current;
use crate::lock::lock;

/// The standard output or the standard error of a [program](crate::Simulation::program): a byte stream to send to.
///
/// If the reader has closed its end, sending fails as [broken](anyrt_core::stream::is_broken).
#[derive(Debug)]
pub struct ProgramOutput(Target);

/// The target of an output.
#[derive(Debug)]
enum Target {
    Closed,
    Null,
    /// Printed by the program that simulates.
    Stdout,
    Stderr,
    Pipe(Arc<OutputPipe>),
}

/// A pipe that several handles may write to.
struct OutputPipe {
    /// `None` while it is written to: the reader is woken then, without a lock.
    stream: Mutex<Option<Box<dyn AsyncWrite + Send + Sync + Unpin>>>,
    /// The writers that wait for room.
    writers: Arc<Writers>,
}

/// Wakes all writers of a pipe, which itself keeps one waker.
#[derive(Default)]
struct Writers(Mutex<Vec<Waker>>);

impl Wake for Writers {
    fn wake(self: Arc<Self>) {
        let writers = mem::take(&mut *lock(&self.0));
        writers.into_iter().for_each(Waker::wake);
    }
}

impl ProgramOutput {
    /// Creates the standard output and the standard error.
    pub(super) fn pair(stdout: LaunchOutput, stderr: LaunchOutput) -> [ProgramOutput; 2] {
        let stdout = ProgramOutput::new(stdout, Target::Stdout);
        let stderr = match stderr {
            LaunchOutput::Stdout => stdout.duplicate(),
            stderr => ProgramOutput::new(stderr, Target::Stderr),
        };
        [stdout, stderr]
    }

    fn new(output: LaunchOutput, inherited: Target) -> ProgramOutput {
        ProgramOutput(match output {
            LaunchOutput::Inherit => inherited,
            LaunchOutput::Pipe(stream) => Target::Pipe(Arc::new(OutputPipe {
                stream: Mutex::new(Some(stream)),
                writers: Arc::default(),
            })),
            _ => Target::Null,
        })
    }

    /// Returns another handle to the same target, which stays open until all are closed.
    pub(super) fn duplicate(&self) -> ProgramOutput {
        ProgramOutput(match &self.0 {
            Target::Closed => Target::Closed,
            Target::Null => Target::Null,
            Target::Stdout => Target::Stdout,
            Target::Stderr => Target::Stderr,
            Target::Pipe(pipe) => Target::Pipe(pipe.clone()),
        })
    }
}

impl OutputPipe {
    fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(mut stream) = lock(&self.stream).take() else {
            // The writer that has it is on this thread, below: it is done before the next poll.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        let waker = cx.waker().clone();
        {
            let mut writers = lock(&self.writers.0);
            if !writers.iter().any(|other| other.will_wake(&waker)) {
                writers.push(waker);
            }
        }
        let all = Waker::from(self.writers.clone());
        let polled = Pin::new(&mut *stream).poll_write(&mut Context::from_waker(&all), bytes);
        *lock(&self.stream) = Some(stream);
        polled
    }
}

impl AsyncWrite for ProgramOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What the destructors of a program that was killed do has no effect.
        if with_current(|host| host.is_some_and(|host| !host.is_alive())) {
            return Poll::Ready(Err(SendError::Broken(()).into()));
        }
        match &self.0 {
            Target::Closed => Poll::Ready(Err(SendError::Closed(()).into())),
            Target::Null => Poll::Ready(Ok(bytes.len())),
            Target::Stdout => {
                print_out(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            Target::Stderr => {
                eprint!("{}", String::from_utf8_lossy(bytes));
                Poll::Ready(Ok(bytes.len()))
            }
            Target::Pipe(pipe) => pipe.poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = mem::replace(&mut self.0, Target::Closed);
        drop(closed);
        Poll::Ready(Ok(()))
    }
}

impl Attributes for ProgramOutput {}

#[expect(
    clippy::print_stdout,
    reason = "the command asked for it, and tests capture it so"
)]
fn print_out(bytes: &[u8]) {
    print!("{}", String::from_utf8_lossy(bytes));
}

impl fmt::Debug for OutputPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputPipe").finish_non_exhaustive()
    }
}
