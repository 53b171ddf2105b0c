//! The pipes of an open process: shared handles, closed by any of them.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::attributes::Attributes;
use crate::engine::poll_state::{self, next_serial};
use crate::error::Busy;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Attempt, Descriptors, Direction, Source};
use crate::stream::{ReceiveError, SendError};

/// How many system calls one poll makes for each stream, so that a program which writes all the time does not
/// keep other tasks from running.
pub(super) const CALLS: usize = 16;

/// A pipe, for all handles of it.
pub(super) struct Pipe<S>(Mutex<State<S>>);

struct State<S> {
    /// `None` once it is closed.
    source: Option<Arc<S>>,
    /// The handle whose last poll was pending, and its task.
    user: Option<(u64, Waker)>,
}

impl<S: Source> Pipe<S> {
    pub(super) fn register(descriptor: OwnedFd) -> io::Result<Arc<Pipe<S>>> {
        Ok(Arc::new(Pipe(Mutex::new(State {
            source: Some(Arc::new(S::register(descriptor)?)),
            user: None,
        }))))
    }

    /// Closes the pipe for all handles, and wakes the one that waits.
    pub(super) fn close(&self) {
        let mut state = lock(&self.0);
        let left = (state.source.take(), state.user.take());
        drop(state);
        if let (_source, Some((_, waker))) = left {
            waker.wake();
        }
    }

    pub(super) fn source(&self) -> Option<Arc<S>> {
        lock(&self.0).source.clone()
    }

    /// Reads what there is and throws it away, unless a handle waits for it.
    pub(super) fn poll_discard(&self, cx: &mut Context<'_>, user: u64) {
        for _ in 0..CALLS {
            let mut buffer = [0; 4096];
            let polled = self.poll_io(cx, user, Direction::Input, |pipe| {
                Ok(Attempt::new(rustix::io::read(pipe, &mut buffer)?))
            });
            match polled {
                Poll::Ready(Ok(1..)) => {}
                // The end, or a handle of the program's user sees to it.
                Poll::Ready(Ok(0) | Err(_)) | Poll::Pending => return,
            }
        }
        poll_state::yield_turn(cx.waker());
    }

    /// Does something with the pipe for one handle.
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        user: u64,
        direction: Direction,
        attempt: impl FnMut(std::os::fd::BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        let source = self.enter(user, cx.waker(), direction)?;
        let outcome = ready!(source.poll_io(cx, direction, attempt));
        self.leave(user);
        Poll::Ready(outcome)
    }

    /// Makes this handle the one that waits. It comes before the poll, so closing the pipe finds its waker.
    fn enter(&self, user: u64, waker: &Waker, direction: Direction) -> io::Result<Arc<S>> {
        let mut user = Some((user, waker.clone()));
        let mut state = lock(&self.0);
        let is_busy = match (&state.user, &user) {
            (Some((other, _)), Some((user, _))) => other != user,
            _ => false,
        };
        let source = state.source.clone();
        if source.is_some() && !is_busy {
            std::mem::swap(&mut state.user, &mut user);
        }
        drop(state);
        match source {
            Some(_) if is_busy => Err(Busy::new("using the pipe of a process".into()).into()),
            Some(source) => Ok(source),
            None if direction == Direction::Input => Err(ReceiveError::Closed.into()),
            None => Err(SendError::Closed(()).into()),
        }
    }

    /// Nothing waits through this handle any more.
    fn leave(&self, user: u64) {
        let mut state = lock(&self.0);
        let left = state.user.take_if(|(other, _)| *other == user);
        drop(state);
        drop(left);
    }
}

/// A handle to a pipe; see [`PipeReader`] and [`PipeWriter`].
struct Handle<S: Source> {
    pipe: Arc<Pipe<S>>,
    id: u64,
}

impl<S: Source> Handle<S> {
    fn new(pipe: Arc<Pipe<S>>) -> Handle<S> {
        let id = next_serial();
        Handle { pipe, id }
    }
}

impl<S: Source> Drop for Handle<S> {
    fn drop(&mut self) {
        self.pipe.leave(self.id);
    }
}

/// Receives what a process writes to its standard output, or to its standard error.
///
/// It is a handle to a pipe that the [`Process`](super::Process) keeps: dropping it closes nothing.
/// [`close`](PipeReader::close) closes the pipe for all handles, and so does the end of the process's block;
/// operations on it then report [closed](crate::stream::is_closed).
///
/// One handle at a time may wait: reading through a second one while a read of the first is pending fails as
/// [`Busy`]. A read that was begun through a handle and dropped counts as pending until the handle is used
/// again, or dropped.
pub struct PipeReader<R: Descriptors>(Handle<R::Source>);

impl<R: Descriptors> PipeReader<R> {
    pub(super) fn new(pipe: &Arc<Pipe<R::Source>>) -> PipeReader<R> {
        PipeReader(Handle::new(pipe.clone()))
    }

    /// Closes the pipe, for all handles. A process that goes on writing sees a broken pipe.
    pub fn close(&self) {
        self.0.pipe.close();
    }
}

impl<R: Descriptors> AsyncRead for PipeReader<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Handle { pipe, id } = &self.0;
        pipe.poll_io(cx, *id, Direction::Input, |pipe| {
            // A short read does not exclude that the end comes next.
            Ok(Attempt::new(rustix::io::read(pipe, &mut *buffer)?))
        })
    }
}

impl<R: Descriptors> Attributes for PipeReader<R> {}

impl<R: Descriptors> fmt::Debug for PipeReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.pipe.source().is_some();
        f.debug_struct("PipeReader").field("open", &open).finish()
    }
}

/// Sends bytes to the standard input of a process.
///
/// It is a handle to a pipe that the [`Process`](super::Process) keeps: dropping it closes nothing.
/// Closing it ([`send_eof`](crate::stream::ByteSendStreamExt::send_eof),
/// [`close`](crate::stream::ByteSendStreamExt::close)) closes the pipe for all handles, and the process sees
/// the end of its input; operations then report [closed](crate::stream::is_closed).
///
/// A process that does not read any more makes sending fail as [broken](crate::stream::is_broken). One handle
/// at a time may wait, as with [`PipeReader`].
pub struct PipeWriter<R: Descriptors>(Handle<R::Source>);

impl<R: Descriptors> PipeWriter<R> {
    pub(super) fn new(pipe: &Arc<Pipe<R::Source>>) -> PipeWriter<R> {
        PipeWriter(Handle::new(pipe.clone()))
    }
}

impl<R: Descriptors> AsyncWrite for PipeWriter<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Handle { pipe, id } = &self.0;
        pipe.poll_io(cx, *id, Direction::Output, |pipe| {
            let written = rustix::io::write(pipe, bytes)?;
            Ok(Attempt::new(written).drained(0 < written && written < bytes.len()))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.pipe.close();
        Poll::Ready(Ok(()))
    }
}

impl<R: Descriptors> Attributes for PipeWriter<R> {}

impl<R: Descriptors> fmt::Debug for PipeWriter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.pipe.source().is_some();
        f.debug_struct("PipeWriter").field("open", &open).finish()
    }
}
