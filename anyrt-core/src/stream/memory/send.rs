use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_sink::Sink;

use super::state::{Handle, Sent, Shared, State};
use super::{MemoryObjectStreamStatistics, poll_turn};
use crate::chain::NONE;
use crate::engine::{FallibleOperation, Operation, Wait, poll_state};
use crate::loom::{Arc, MutexGuard};
use crate::stream::{ObjectSendStream, SendError, TrySendError};

/// The sending side of a [`memory_object_stream`](super::memory_object_stream), or a clone of it.
///
/// The side is closed when all its clones are, by [`close`](Self::close) or by being dropped.
///
/// As a [`Sink`] it takes one object more than there is room for, and lets its user wait until that
/// one is under way. Dropped in between, it takes that object with it.
pub struct MemoryObjectSendStream<T> {
    shared: Arc<Shared<T>>,
    handle: Handle,
    /// The slot of what the sink took and could not pass on yet, or [`NONE`].
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

    /// Sends an object, and waits until a receiver has been handed it, or there is room for it.
    ///
    /// Those who wait are served in order of arrival.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](crate::sync#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but it gives up its place in the queue: if the future is dropped before
    /// completing, either the object was sent, or it is dropped with the future and nothing was
    /// sent. Who must not lose it sends a clone, or asks [`try_send`](Self::try_send).
    ///
    /// # Errors
    ///
    /// All of them give the object back.
    ///
    /// - [`SendError::Broken`]: all receivers are closed.
    /// - [`SendError::Closed`]: this handle is, also if that happened while the call waited.
    #[inline]
    pub fn send(&self, item: T) -> Sending<'_, T> {
        Sending {
            stream: self,
            item: Some(item),
            slot: NONE,
            operation: Operation::New,
        }
    }

    /// Sends an object if that needs no waiting: if there is room for it, or a receiver waits.
    ///
    /// A plain call, which works anywhere.
    ///
    /// # Errors
    ///
    /// All of them give the object back.
    ///
    /// - [`TrySendError::WouldBlock`]: there is no room, and no receiver waits.
    /// - [`TrySendError::Broken`]: all receivers are closed.
    /// - [`TrySendError::Closed`]: this handle is.
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut state = self.shared.lock();
        match state.send_plainly(&self.handle, item) {
            Ok(()) => Ok(()),
            Err(item) => self.send_otherwise(state, item),
        }
    }

    #[inline(never)]
    fn send_otherwise(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        item: T,
    ) -> Result<(), TrySendError<T>> {
        let receiver = state.send(&self.handle, item)?;
        drop(state);
        receiver.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Closes this handle. What waits on it ends at once, with [`SendError::Closed`]. Closing
    /// again is fine.
    ///
    /// A plain call, which works anywhere.
    pub fn close(&self) {
        let later = self.shared.lock().close_sender(&self.handle);
        later.carry_out();
    }

    /// How full the stream is, and who uses it; the same from either side.
    ///
    /// A plain call, which works anywhere.
    pub fn statistics(&self) -> MemoryObjectStreamStatistics {
        self.shared.lock().statistics()
    }

    /// Tries once more, now that there is a waker, which is not cloned under the lock.
    #[inline(never)]
    fn wait(&self, item: T, slot: &mut usize, waker: Waker) -> Poll<Sent<T>> {
        let mut state = self.shared.lock();
        let sent = state.send(&self.handle, item);
        if let Err(TrySendError::WouldBlock(item)) = sent {
            self.handle.count_in();
            *slot = state.sending.push_back(item, waker, self.handle.id);
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

    /// Waits until what the sink took is under way.
    fn poll_in_flight(&mut self, cx: &Context<'_>) -> Poll<Sent<T>> {
        if self.in_flight == NONE {
            return Poll::Ready(Ok(()));
        }
        let sent = ready!(self.poll_sent(self.in_flight, cx));
        self.in_flight = NONE;
        Poll::Ready(sent)
    }

    #[inline(never)]
    fn stop(&self, key: usize) {
        let waiter = self.shared.lock().stop_sending(&self.handle, key);
        drop(waiter);
    }
}

/// A clone of a closed handle is closed.
impl<T> Clone for MemoryObjectSendStream<T> {
    fn clone(&self) -> Self {
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

    /// Comes behind what the sink took, which the error gives back.
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
        ready!(poll_turn(cx));
        self.poll_flush(cx)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), SendError<()>> {
        let this = self.get_mut();
        assert!(
            this.in_flight == NONE,
            "`poll_ready` comes before `start_send`"
        );
        // Its waker is that of the next `poll_ready` or `poll_flush`.
        let mut slot = NONE;
        let sent = this.wait(item, &mut slot, Waker::noop().clone());
        this.in_flight = slot;
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
pub struct Sending<'a, T> {
    stream: &'a MemoryObjectSendStream<T>,
    item: Option<T>,
    slot: usize,
    operation: Operation,
}

/// The object is moved, never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        match this.poll_send(cx) {
            // That the stream is broken or this handle is closed is found again.
            Poll::Ready(Err(error)) if this.operation.interrupts(cx) => {
                this.item = Some(error.into_inner());
                Poll::Pending
            }
            polled => polled,
        }
    }
}

impl<T> Sending<'_, T> {
    #[inline]
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if self.slot != NONE {
            let sent = ready!(self.stream.poll_sent(self.slot, cx));
            self.slot = NONE;
            return Poll::Ready(sent);
        }
        let item = self.item.take();
        let item = item.expect("a call that has ended is not polled again");
        match self.stream.try_send(item) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(TrySendError::WouldBlock(item)) => {
                let waker = cx.waker().clone();
                self.stream.wait(item, &mut self.slot, waker)
            }
            Err(TrySendError::Broken(item)) => Poll::Ready(Err(SendError::Broken(item))),
            Err(TrySendError::Closed(item)) => Poll::Ready(Err(SendError::Closed(item))),
        }
    }
}

impl<T> Drop for Sending<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.slot != NONE {
            self.stream.stop(self.slot);
        }
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("waiting", &(self.slot != NONE))
            .finish_non_exhaustive()
    }
}
