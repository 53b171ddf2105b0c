//! A worker, as seen by the program.

use std::future::poll_fn;
use std::io;
use std::mem::take;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::error::WorkerError;
use super::os::{Channel, Offer, has_ended, is_unread, receive_to, send};
use super::registry::fingerprint;
use crate::cancel::{finally, move_on_after, shield};
use crate::engine::{Wait, poll_state};
use crate::process::{Command, Process, Stdio, open_process};
use crate::role::{self, NotAllowed};
use crate::runtime::{Attempt, Descriptors, Direction, Source};

/// The maximum time until a new worker serves.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of bytes of a length, and of a key.
pub(super) const WORD: usize = 8;

/// The maximum number of system calls in one poll.
const CALLS: usize = 16;

/// The number of bytes to read before the length of a frame is known.
const FIRST_READ: usize = 4096;

/// A worker process. Dropping it kills the process and everything that it has started; the run reaps it.
pub(super) struct Worker<R: Descriptors> {
    socket: R::Source,
    process: Process<R>,
}

/// Error: a call has lost its worker.
pub(super) struct Lost {
    pub(super) status: Option<ExitStatus>,
    /// Whether the function may have begun.
    pub(super) had_request: bool,
}

impl<R: Descriptors> Worker<R> {
    /// Starts a worker, and waits until it serves. All workers are started here (rule W3).
    ///
    /// If this is cancelled or fails, the worker is killed.
    pub(super) async fn start() -> Result<Worker<R>, WorkerError> {
        // A worker talks through a descriptor, so the programs of a simulation cannot be one.
        R::check().map_err(|error| {
            let text =
                format!("{error}; `to_thread::run` runs a function on a thread of this process");
            WorkerError::Start(io::Error::new(error.kind(), text))
        })?;
        let test = role::worker_test().map_err(|reason| match reason {
            NotAllowed::NotSetUp => WorkerError::NotSetUp,
            NotAllowed::Refused(reason) => start_error(reason),
        })?;
        let (command, offer) = prepare(test).map_err(WorkerError::Start)?;
        let process = open_process::<R>(command).await;
        let process = process.map_err(WorkerError::Start)?;
        let channel: Channel<R> = offer.register().map_err(WorkerError::Start)?;
        // An atomic only because two futures of this task share it: relaxed is enough.
        let serves = AtomicBool::new(false);
        let greeting = async {
            let connecting = async {
                let socket = channel.connected(&process).await?;
                let greeting = receive(&socket).await?;
                io::Result::Ok((socket, greeting))
            };
            let greeting = move_on_after::<R, _>(PATIENCE, connecting).await;
            serves.store(matches!(greeting, Some(Ok(_))), Ordering::Relaxed);
            greeting
        };
        let greeting = finally(greeting, || end_unless(&process, &serves)).await;
        match greeting {
            Some(Ok((socket, greeting))) if greeting[WORD..] == fingerprint().to_le_bytes() => {
                Ok(Worker { socket, process })
            }
            Some(Ok(_)) => Err(start_error(
                "its executable is another build than this process: start the program again",
            )),
            Some(Err(_)) => {
                let status = match status(&process) {
                    Some(status) => status.to_string(),
                    None => "unknown status".to_owned(),
                };
                Err(start_error(&format!(
                    "it ended before it served ({status}): make `anyrt::to_process::serve();` the first line \
                     of `fn main`, or use `#[anyrt::main]`, and in tests `#[anyrt::test]`"
                )))
            }
            None => Err(start_error(&format!(
                "it did not serve within {PATIENCE:?}: make `anyrt::to_process::serve();` the first line of \
                 `fn main`"
            ))),
        }
    }

    /// Sends a request, and returns the frame of the answer.
    ///
    /// If this is cancelled before the whole request is sent, the worker is killed and reaped. After that, a
    /// cancelled call does the same if it `kills`; otherwise it continues until the answer is there.
    pub(super) async fn ask(&self, request: &[u8], kills: bool) -> Result<Vec<u8>, Lost> {
        // An atomic only because two futures of this task share it: relaxed is enough.
        let answered = AtomicBool::new(false);
        if has_ended(&self.process) {
            return Err(Lost {
                status: status(&self.process),
                had_request: false,
            });
        }
        let mut sent = false;
        let exchange = async {
            send_frame(&self.socket, request).await?;
            sent = true;
            let answer = match kills {
                true => receive(&self.socket).await?,
                false => shield(receive(&self.socket)).await?,
            };
            answered.store(true, Ordering::Relaxed);
            io::Result::Ok(answer)
        };
        let answer = finally(exchange, || end_unless(&self.process, &answered)).await;
        answer.map_err(|error| Lost {
            status: status(&self.process),
            had_request: sent && !is_unread(&error),
        })
    }
}

/// Kills and reaps a worker, unless the exchange has succeeded.
async fn end_unless<R: Descriptors>(process: &Process<R>, succeeded: &AtomicBool) {
    if !succeeded.load(Ordering::Relaxed) {
        // It may have ended on its own, with its own status.
        drop(process.kill());
        drop(process.wait().await);
    }
}

fn status<R: Descriptors>(process: &Process<R>) -> Option<ExitStatus> {
    process.status().ok().flatten()
}

/// Sends a frame.
async fn send_frame(socket: &impl Source, frame: &[u8]) -> io::Result<()> {
    let mut sent = 0;
    step_by_step(|cx| {
        let rest = &frame[sent..];
        if rest.is_empty() {
            return Poll::Ready(Ok(Some(())));
        }
        let polled = socket.poll_io(cx, Direction::Output, |socket| {
            let sent = send(socket, rest)?;
            Ok(Attempt::new(sent).drained(0 < sent && sent < rest.len()))
        });
        sent += ready!(polled)?;
        Poll::Ready(Ok(None))
    })
    .await
}

/// Receives a frame, and returns it with its length.
async fn receive(socket: &impl Source) -> io::Result<Vec<u8>> {
    let mut frame = Vec::new();
    step_by_step(|cx| {
        let missing = missing(&frame).ok_or(io::ErrorKind::InvalidData)?;
        if missing == 0 {
            return Poll::Ready(Ok(Some(take(&mut frame))));
        }
        frame.try_reserve_exact(missing)?;
        let polled = socket.poll_io(cx, Direction::Input, |socket| {
            Ok(Attempt::new(receive_to(socket, &mut frame)?))
        });
        match ready!(polled)? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(None)),
        }
    })
    .await
}

/// Returns how many bytes to read of a frame that begins with these bytes; `None` if there are too many.
fn missing(frame: &[u8]) -> Option<usize> {
    let Some(length) = frame.first_chunk() else {
        return Some(FIRST_READ);
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    length.checked_add(WORD)?.checked_sub(frame.len())
}

/// Repeats a step until it returns a value, and yields to other tasks in between.
async fn step_by_step<T>(
    mut step: impl FnMut(&mut Context<'_>) -> Poll<io::Result<Option<T>>>,
) -> io::Result<T> {
    poll_fn(|cx| {
        for _ in 0..CALLS {
            match step(cx) {
                Poll::Ready(Ok(None)) => {}
                Poll::Ready(Ok(Some(value))) => return Poll::Ready(Ok(value)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    poll_state::waits_for(Wait::Process);
                    return Poll::Pending;
                }
            }
        }
        poll_state::yield_turn(cx.waker());
        Poll::Pending
    })
    .await
}

/// Creates the command for a worker, and this process's end of its channel.
fn prepare(test: Option<String>) -> io::Result<(Command, Offer)> {
    let marker = role::marker();
    let (offer, stdin) = Offer::new(&marker)?;
    let command = Command::new(std::env::current_exe()?)
        .env(role::MARKER, marker)
        .stdin(stdin)
        .stderr(Stdio::Inherit)
        .group();
    let command = match test {
        None => command.stdout(Stdio::Inherit),
        // The test harness prints as well; the worker redirects its output once it serves.
        Some(test) => command.stdout(Stdio::Null).arg(test).args([
            "--exact",
            "--nocapture",
            "--test-threads=1",
            "--include-ignored",
            "--quiet",
        ]),
    };
    Ok((command, offer))
}

fn start_error(text: &str) -> WorkerError {
    WorkerError::Start(io::Error::other(text.to_owned()))
}
