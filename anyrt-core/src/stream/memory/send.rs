//! The sending side: handles, the future of `send`, and the sink.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_sink::Sink;

use super::budget::poll_budget;
use super::state::{Handle, Sent, Shared, State};
use super::statistics::MemoryObjectStreamStatistics;
use crate::engine::{FallibleOperation, Operation, Wait, poll_state};
use crate::linked_slab::NONE;
use crate::loom::{Arc, MutexGuard};
use crate::stream::{ObjectSendStream, SendError, TrySendError};

/// The sending side of a [`memory_object_stream`](super::memory_object_stream), or a clone of it.
///
/// The side is closed when all its clones are closed, by [`close`](Self::close) or by being dropped.
///
/// As a [`Sink`] it accepts one object more than there is room for, and is not ready again until that one has
/// been passed on. If the handle is dropped before, the object is dropped with it.
pub struct MemoryObjectSendStream<T> {
    shared: Arc<Shared<T>>,
    handle: Handle,
    /// The entry of the object that the sink accepted and could not pass on yet, or [`NONE`].
    in_flight: usize,
}

impl<T> MemoryObjectSendStream<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>) -> MemoryObjectSendStream<T> {
        let handle = shared.lock().new_sender();
        MemoryObjectSendStream::with(shared, handle)
    }

    fn with(shared: &Arc<Shared<T>>, handle: Handle) -> MemoryObjectSendStream<T> {
        MemoryObjectSendStream {
            shared: shared.clone(),
            handle,
            in_flight: NONE,
        }
    }

    /// Sends an object: waits until it is handed to a receiver, or there is room for it in the buffer.
    ///
    /// Waiting calls are served in order of arrival.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](crate::sync#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe, but a cancelled call loses its place in the queue. If the future is
    /// dropped before completing, either the object was sent, or it is dropped with the future. To keep the
    /// object, send a clone, or use [`try_send`](Self::try_send).
    ///
    /// # Errors
    ///
    /// All errors return the object.
    ///
    /// - [`SendError::Broken`]: all receivers are closed.
    /// - [`SendError::Closed`]: this handle is closed, possibly while the call waited.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(0);
    /// let (sent, received) = anyrt::gather((sender.send("word"), receiver.receive())).await;
    /// assert!(sent.is_ok());
    /// assert_eq!(received, Ok("word"));
    /// # });
    /// ```
    #[inline]
    pub fn send(&self, item: T) -> SendObject<'_, T> {
        SendObject {
            stream: self,
            item: Some(item),
            key: NONE,
            operation: Operation::New,
        }
    }

    /// Sends an object without waiting, if there is room for it or a receiver waits.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Errors
    ///
    /// All errors return the object.
    ///
    /// - [`TrySendError::WouldBlock`]: there is no room, and no receiver waits.
    /// - [`TrySendError::Broken`]: all receivers are closed.
    /// - [`TrySendError::Closed`]: this handle is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// sender.try_send("first").unwrap();
    /// assert!(sender.try_send("second").unwrap_err().is_would_block());
    /// assert_eq!(receiver.try_receive(), Ok("first"));
    /// ```
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut state = self.shared.lock();
        // 1. The common case, inlined. 2. The others, out of line.
        match state.send_plainly(&self.handle, item) {
            Ok(()) => Ok(()),
            Err(item) => self.send_otherwise(state, item),
        }
    }

    /// Sends the object in all cases that `send_plainly` leaves, and wakes the receiver.
    #[inline(never)]
    fn send_otherwise(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        item: T,
    ) -> Result<(), TrySendError<T>> {
        // The receiver is woken after the unlock: its waker runs foreign code.
        let receiver = state.send(&self.handle, item)?;
        drop(state);
        receiver.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Closes this handle. Calls that wait on it complete at once, with [`SendError::Closed`]. Closing it
    /// again has no effect.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::ReceiveError;
    ///
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream::<u8>(1);
    /// sender.close();
    /// assert_eq!(receiver.receive().await, Err(ReceiveError::EndOfStream));
    /// # });
    /// ```
    pub fn close(&self) {
        let later = self.shared.lock().close_sender(&self.handle);
        later.carry_out();
    }

    /// Returns the state of the stream; the same from either side.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = anyrt::memory_object_stream::<u8>(1);
    /// let other = sender.clone();
    /// assert_eq!(sender.statistics().open_senders, 2);
    /// drop(other);
    /// assert_eq!(sender.statistics().open_senders, 1);
    /// ```
    pub fn statistics(&self) -> MemoryObjectStreamStatistics {
        self.shared.lock().statistics()
    }

    /// Tries once more, and joins the queue in the same critical section if that fails. The caller has cloned
    /// the waker, since that must not happen under the lock.
    #[inline(never)]
    fn wait(&self, item: T, key: &mut usize, waker: Waker) -> Poll<Sent<T>> {
        let mut state = self.shared.lock();
        // 1. Try again: the buffer may have got room since the caller has tried.
        let sent = state.send(&self.handle, item);
        if let Err(TrySendError::WouldBlock(item)) = sent {
            // 2. Full: wait in the queue, with the object in the entry.
            self.handle.count_in();
            *key = state.sending.push_back(item, waker, self.handle.id);
            drop(state);
            poll_state::waits_for(Wait::Room);
            return Poll::Pending;
        }
        drop(state);
        Poll::Ready(match sent {
            Ok(receiver) => {
                receiver.into_iter().for_each(Waker::wake);
                Ok(())
            }
            Err(TrySendError::Closed(item)) => Err(SendError::Closed(item)),
            Err(error) => Err(SendError::Broken(error.into_inner())),
        })
    }

    /// Polls the outcome of a waiting call.
    #[inline(never)]
    fn poll_sent(&self, key: usize, cx: &Context<'_>) -> Poll<Sent<T>> {
        let sent = self
            .shared
            .poll(cx.waker(), |state| state.fetch_sent(&self.handle, key));
        if sent.is_pending() {
            poll_state::waits_for(Wait::Room);
        }
        sent
    }

    /// Waits until the object that the sink accepted has been passed on.
    fn poll_in_flight(&mut self, cx: &Context<'_>) -> Poll<Sent<T>> {
        if self.in_flight == NONE {
            return Poll::Ready(Ok(()));
        }
        // While it is pending, the object is in the queue, and the waker of this poll is in its entry.
        let sent = ready!(self.poll_sent(self.in_flight, cx));
        self.in_flight = NONE;
        Poll::Ready(sent)
    }

    /// Removes the entry of a call that is dropped. Its object and waker are dropped after the unlock.
    #[inline(never)]
    fn stop(&self, key: usize) {
        let waiter = self.shared.lock().stop_sending(&self.handle, key);
        drop(waiter);
    }
}

/// A clone of a closed handle is closed.
impl<T> Clone for MemoryObjectSendStream<T> {
    fn clone(&self) -> Self {
        // Under one lock, so that the side cannot be closed between the check and the count.
        let handle = {
            let mut state = self.shared.lock();
            if self.handle.is_closed() {
                Handle::closed()
            } else {
                state.new_sender()
            }
        };
        MemoryObjectSendStream::with(&self.shared, handle)
    }
}

impl<T> Drop for MemoryObjectSendStream<T> {
    fn drop(&mut self) {
        if self.in_flight != NONE {
            // The object is dropped with its entry.
            self.stop(self.in_flight);
        }
        self.close();
    }
}

impl<T> fmt::Debug for MemoryObjectSendStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryObjectSendStream")
            .field("closed", &self.handle.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T: Send> ObjectSendStream<T> for MemoryObjectSendStream<T> {
    type SendError = SendError<T>;

    fn send(&mut self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        MemoryObjectSendStream::send(self, item)
    }

    /// Sends the end behind the object that the sink accepted. If that object cannot be sent, the error
    /// returns it.
    fn send_eof(&mut self) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        let mut operation = FallibleOperation::new();
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                let sent = ready!(self.poll_in_flight(cx));
                self.close();
                Poll::Ready(sent)
            })
        })
    }
}

impl<T> Sink<T> for MemoryObjectSendStream<T> {
    type Error = SendError<()>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        ready!(poll_budget(cx));
        self.poll_flush(cx)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), SendError<()>> {
        let this = self.get_mut();
        assert!(
            this.in_flight == NONE,
            "`poll_ready` comes before `start_send`"
        );
        // The first `poll_ready` or `poll_flush` afterwards sets the real waker.
        let mut key = NONE;
        let sent = this.wait(item, &mut key, Waker::noop().clone());
        this.in_flight = key;
        match sent {
            Poll::Ready(sent) => sent.map_err(SendError::without_item),
            Poll::Pending => Ok(()),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        let sent = self.get_mut().poll_in_flight(cx);
        sent.map_err(SendError::without_item)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<()>>> {
        let flushed = ready!(self.as_mut().poll_flush(cx));
        self.close();
        Poll::Ready(flushed)
    }
}

/// The future of [`MemoryObjectSendStream::send`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendObject<'a, T> {
    stream: &'a MemoryObjectSendStream<T>,
    item: Option<T>,
    /// The entry in the queue, or [`NONE`] before the call waits.
    key: usize,
    operation: Operation,
}

/// The object is moved and never pinned.
impl<T> Unpin for SendObject<'_, T> {}

impl<T> Future for SendObject<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        match this.poll_send(cx) {
            // In a scope that is cancelled by now, the error is not returned. A later poll would find it
            // again.
            Poll::Ready(Err(error)) if this.operation.interrupts(cx) => {
                this.item = Some(error.into_inner());
                Poll::Pending
            }
            polled => polled,
        }
    }
}

impl<T> SendObject<'_, T> {
    /// Polls without regard to cancellation.
    #[inline]
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        // 1. In the queue already: wait for the outcome.
        if self.key != NONE {
            let sent = ready!(self.stream.poll_sent(self.key, cx));
            self.key = NONE;
            return Poll::Ready(sent);
        }
        let item = self.item.take();
        let item = item.expect("a call that has ended is not polled again");
        // 2. Try without a waker; clone it only to wait.
        match self.stream.try_send(item) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(TrySendError::WouldBlock(item)) => {
                let waker = cx.waker().clone();
                self.stream.wait(item, &mut self.key, waker)
            }
            Err(TrySendError::Broken(item)) => Poll::Ready(Err(SendError::Broken(item))),
            Err(TrySendError::Closed(item)) => Poll::Ready(Err(SendError::Closed(item))),
        }
    }
}

impl<T> Drop for SendObject<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.key != NONE {
            self.stream.stop(self.key);
        }
    }
}

impl<T> fmt::Debug for SendObject<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendObject")
            .field("waiting", &(self.key != NONE))
            .finish_non_exhaustive()
    }
}
