//! The pipes of an open process: shared handles, any of which can close the pipe.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::pipe_end::PipeEnd;
use crate::attributes::Attributes;
use crate::engine::poll_state::{self, next_serial};
use crate::error::Busy;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Descriptors, Direction, Source};
use crate::stream::{ReceiveError, SendError};

/// The number of system calls that one poll makes for each stream, so that a program that writes all the time
/// does not keep other tasks from running.
pub(super) const CALLS: usize = 16;

/// A pipe, shared by all its handles.
pub(super) struct Pipe<S>(Mutex<State<S>>);

struct State<S> {
    /// `None` once it is closed.
    end: Option<Arc<PipeEnd<S>>>,
    /// The handle with a pending poll, and its waker.
    user: Option<(u64, Waker)>,
}

impl<S: Source> Pipe<S> {
    pub(super) fn new(end: PipeEnd<S>) -> Arc<Pipe<S>> {
        Arc::new(Pipe(Mutex::new(State {
            end: Some(Arc::new(end)),
            user: None,
        })))
    }

    /// Closes the pipe for all handles, and wakes the waiting one.
    pub(super) fn close(&self) {
        let mut state = lock(&self.0);
        let left = (state.end.take(), state.user.take());
        drop(state);
        if let (_end, Some((_, waker))) = left {
            waker.wake();
        }
    }

    pub(super) fn end(&self) -> Option<Arc<PipeEnd<S>>> {
        lock(&self.0).end.clone()
    }

    /// Reads and discards the available bytes, unless a handle waits for them.
    pub(super) fn poll_discard(&self, cx: &mut Context<'_>, user: u64) {
        for _ in 0..CALLS {
            let mut buffer = [0; 4096];
            match self.poll_read(cx, user, &mut buffer) {
                Poll::Ready(Ok(1..)) => {}
                // The end, or a handle of the user will read it.
                Poll::Ready(Ok(0) | Err(_)) | Poll::Pending => return,
            }
        }
        poll_state::yield_turn(cx.waker());
    }

    /// Reads for one handle.
    fn poll_read(
        &self,
        cx: &mut Context<'_>,
        user: u64,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let end = self.enter(user, cx.waker(), Direction::Input)?;
        let outcome = ready!(end.poll_read(cx, buffer));
        self.leave(user);
        Poll::Ready(outcome)
    }

    /// Writes for one handle.
    fn poll_write(&self, cx: &mut Context<'_>, user: u64, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let end = self.enter(user, cx.waker(), Direction::Output)?;
        let outcome = ready!(end.poll_write(cx, bytes));
        self.leave(user);
        Poll::Ready(outcome)
    }

    /// Makes this handle the waiting one. Called before the poll, so that closing the pipe finds its waker.
    fn enter(&self, user: u64, waker: &Waker, direction: Direction) -> io::Result<Arc<PipeEnd<S>>> {
        let mut user = Some((user, waker.clone()));
        let mut state = lock(&self.0);
        let is_busy = match (&state.user, &user) {
            (Some((other, _)), Some((user, _))) => other != user,
            _ => false,
        };
        let end = state.end.clone();
        if end.is_some() && !is_busy {
            std::mem::swap(&mut state.user, &mut user);
        }
        drop(state);
        match end {
            Some(_) if is_busy => Err(Busy::new("using the pipe of a process".into()).into()),
            Some(end) => Ok(end),
            None if direction == Direction::Input => Err(ReceiveError::Closed.into()),
            None => Err(SendError::Closed(()).into()),
        }
    }

    /// Ends the wait of this handle, if it is the waiting one.
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

/// A handle that receives the standard output or the standard error of a process.
///
/// The pipe itself belongs to the [`Process`](super::Process): dropping the handle does not close it.
/// [`close`](PipeReader::close) closes the pipe for all handles, and so does the end of the process's block;
/// operations on it then fail as [closed](crate::stream::is_closed).
///
/// One handle at a time may wait: reading through a second one while a read of the first is pending fails as
/// [`Busy`]. A read that was started through a handle and dropped counts as pending until the handle is used
/// again, or dropped.
pub struct PipeReader<R: Descriptors>(Handle<R::Source>);

impl<R: Descriptors> PipeReader<R> {
    pub(super) fn new(pipe: &Arc<Pipe<R::Source>>) -> PipeReader<R> {
        PipeReader(Handle::new(pipe.clone()))
    }

    /// Closes the pipe, for all handles. A process that continues to write gets a broken pipe; on Windows it may write
    /// a few kilobytes before that.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// # anyrt::run(async {
    /// let endless = open_process(["yes"]).await?;
    /// endless.stdout().unwrap().close();
    /// assert_ne!(endless.wait().await?.signal(), None, "a broken pipe ended it");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
        pipe.poll_read(cx, *id, buffer)
    }
}

impl<R: Descriptors> Attributes for PipeReader<R> {}

impl<R: Descriptors> fmt::Debug for PipeReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.pipe.end().is_some();
        f.debug_struct("PipeReader").field("open", &open).finish()
    }
}

/// A handle that sends bytes to the standard input of a process.
///
/// The pipe itself belongs to the [`Process`](super::Process): dropping the handle does not close it. Closing
/// the stream ([`send_eof`](crate::stream::ByteSendStreamExt::send_eof),
/// [`close`](crate::stream::ByteSendStreamExt::close)) closes the pipe for all handles, and the process sees
/// the end of its input; operations then fail as [closed](crate::stream::is_closed).
///
/// If the process no longer reads, sending fails as [broken](crate::stream::is_broken). On Windows that is found when
/// the bytes do not fit into the buffers of the pipe any more. One handle at a time
/// may wait, as with [`PipeReader`].
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
        pipe.poll_write(cx, *id, bytes)
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
        let open = self.0.pipe.end().is_some();
        f.debug_struct("PipeWriter").field("open", &open).finish()
    }
}
