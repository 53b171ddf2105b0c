//! The receiving side: handles, the future of `receive`, and the stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;

use super::budget::poll_budget;
use super::state::{Handle, Shared, State};
use super::statistics::MemoryObjectStreamStatistics;
use crate::engine::{Operation, Wait, poll_state};
use crate::linked_slab::NONE;
use crate::loom::atomic::{AtomicUsize, Ordering};
use crate::loom::{Arc, MutexGuard};
use crate::stream::{ObjectReceiveStream, ReceiveError, TryReceiveError};

/// The receiving side of a [`memory_object_stream`](super::memory_object_stream), or a clone of it.
///
/// Each object goes to one receiver. The side is closed when all its clones are closed, by
/// [`close`](Self::close) or by being dropped; objects that are still in the stream are dropped then.
///
/// As a [`Stream`] it yields all objects, and ends with the stream. An object that was handed to a dropped
/// `next()` stays with this handle, for its next `next()`. If [`receive`](Self::receive),
/// [`try_receive`](Self::try_receive) or [`close`](Self::close) is called first, the object is passed on to a
/// waiting receiver, or returned to its place at the front of the stream.
pub struct MemoryObjectReceiveStream<T> {
    shared: Arc<Shared<T>>,
    handle: Handle,
    /// The entry of `poll_next` in the queue, or [`NONE`]. Written under the lock of the stream or with `&mut
    /// self`, which order all accesses; so relaxed is enough.
    next: AtomicUsize,
}

impl<T> MemoryObjectReceiveStream<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>) -> MemoryObjectReceiveStream<T> {
        let handle = shared.lock().new_receiver();
        MemoryObjectReceiveStream::with(shared, handle)
    }

    fn with(shared: &Arc<Shared<T>>, handle: Handle) -> MemoryObjectReceiveStream<T> {
        MemoryObjectReceiveStream {
            shared: shared.clone(),
            handle,
            next: AtomicUsize::new(NONE),
        }
    }

    /// Receives the oldest object, and waits until there is one.
    ///
    /// Waiting calls are served in order of arrival, and own an object that was handed to them.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](crate::sync#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe, but a cancelled call loses its place in the queue. If the future is
    /// dropped before completing, nothing was received: an object that was handed to it is passed on to the
    /// next receiver, or returned to its place at the front of the stream.
    ///
    /// # Errors
    ///
    /// - [`ReceiveError::EndOfStream`]: all senders are closed, and no object is left.
    /// - [`ReceiveError::Closed`]: this handle is closed, possibly while the call waited.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::ReceiveError;
    ///
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(2);
    /// sender.send("to").await.unwrap();
    /// sender.send("be").await.unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.receive().await, Ok("to"));
    /// assert_eq!(receiver.receive().await, Ok("be"));
    /// assert_eq!(receiver.receive().await, Err(ReceiveError::EndOfStream));
    /// # });
    /// ```
    #[inline]
    pub fn receive(&self) -> ReceiveObject<'_, T> {
        ReceiveObject {
            stream: self,
            key: NONE,
            operation: Operation::New,
        }
    }

    /// Receives the oldest object without waiting, if there is one or a sender waits with one.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Errors
    ///
    /// - [`TryReceiveError::WouldBlock`]: there is no object. Also returned if all senders are closed, as
    ///   long as another receiver has not fetched an object that was handed to it, since that may be
    ///   returned.
    /// - [`TryReceiveError::EndOfStream`]: all senders are closed, and no object is left.
    /// - [`TryReceiveError::Closed`]: this handle is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::TryReceiveError;
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream(2);
    /// assert_eq!(receiver.try_receive(), Err(TryReceiveError::WouldBlock));
    /// sender.try_send("word").unwrap();
    /// assert_eq!(receiver.try_receive(), Ok("word"));
    /// ```
    #[inline]
    pub fn try_receive(&self) -> Result<T, TryReceiveError> {
        // Relaxed: a hint. `forget_next` reads it again under the lock.
        if self.next.load(Ordering::Relaxed) != NONE {
            self.forget_next();
        }
        let mut state = self.shared.lock();
        match state.receive_plainly(&self.handle) {
            Some(item) => Ok(item),
            None => self.receive_otherwise(state),
        }
    }

    /// Receives the object in all cases that `receive_plainly` leaves, and wakes the sender.
    #[inline(never)]
    fn receive_otherwise(&self, mut state: MutexGuard<'_, State<T>>) -> Result<T, TryReceiveError> {
        // The sender is woken after the unlock: its waker runs foreign code.
        let (item, sender) = state.receive(&self.handle)?;
        drop(state);
        sender.into_iter().for_each(Waker::wake);
        Ok(item)
    }

    /// Closes this handle. Calls that wait on it complete at once, with [`ReceiveError::Closed`]. Closing it
    /// again has no effect.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(2);
    /// receiver.close();
    /// assert!(sender.send("word").await.unwrap_err().is_broken());
    /// # });
    /// ```
    pub fn close(&self) {
        // First: an object that was handed to a dropped `next()` must go to another receiver.
        self.forget_next();
        let later = self.shared.lock().close_receiver(&self.handle);
        later.carry_out();
    }

    /// Returns the state of the stream; the same from either side.
    ///
    /// This method is synchronous and can be called anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = anyrt::memory_object_stream(2);
    /// sender.try_send("word").unwrap();
    /// let statistics = receiver.statistics();
    /// assert_eq!((statistics.buffered, statistics.capacity), (1, 2));
    /// ```
    pub fn statistics(&self) -> MemoryObjectStreamStatistics {
        self.shared.lock().statistics()
    }

    /// Polls without regard to cancellation. `key` is the entry of the call, or [`NONE`].
    #[inline]
    fn poll_receive(&self, key: &mut usize, cx: &Context<'_>) -> Poll<Result<T, ReceiveError>> {
        // 1. In the queue already: wait for the outcome.
        if *key != NONE {
            let received = ready!(self.poll_received(*key, cx));
            *key = NONE;
            return Poll::Ready(received);
        }
        // 2. Try without a waker; clone it only to wait.
        match self.try_receive() {
            Ok(item) => Poll::Ready(Ok(item)),
            Err(TryReceiveError::WouldBlock) => self.wait(key, cx.waker().clone()),
            Err(TryReceiveError::EndOfStream) => Poll::Ready(Err(ReceiveError::EndOfStream)),
            Err(TryReceiveError::Closed) => Poll::Ready(Err(ReceiveError::Closed)),
        }
    }

    /// Tries once more, and joins the queue in the same critical section if that fails. The caller has cloned
    /// the waker, since that must not happen under the lock.
    #[inline(never)]
    fn wait(&self, key: &mut usize, waker: Waker) -> Poll<Result<T, ReceiveError>> {
        let mut state = self.shared.lock();
        // 1. Try again: an object may have arrived since the caller has tried.
        let received = state.receive(&self.handle);
        if let Err(TryReceiveError::WouldBlock) = received {
            // 2. Empty: wait in the queue.
            self.handle.count_in();
            *key = state.receiving.push_back((), waker, self.handle.id);
            drop(state);
            poll_state::waits_for(Wait::Object);
            return Poll::Pending;
        }
        drop(state);
        Poll::Ready(match received {
            Ok((item, sender)) => {
                sender.into_iter().for_each(Waker::wake);
                Ok(item)
            }
            Err(TryReceiveError::Closed) => Err(ReceiveError::Closed),
            Err(_) => Err(ReceiveError::EndOfStream),
        })
    }

    /// Polls the outcome of a waiting call.
    #[inline(never)]
    fn poll_received(&self, key: usize, cx: &Context<'_>) -> Poll<Result<T, ReceiveError>> {
        let fetched = self
            .shared
            .poll(cx.waker(), |state| state.fetch_received(&self.handle, key));
        match fetched {
            Poll::Ready((received, later)) => {
                later.carry_out();
                Poll::Ready(received)
            }
            Poll::Pending => {
                poll_state::waits_for(Wait::Object);
                Poll::Pending
            }
        }
    }

    /// Removes the entry of a call that is dropped, and passes on an object that it was handed.
    #[inline(never)]
    fn stop(&self, key: usize) {
        let later = self.shared.lock().stop_receiving(&self.handle, key);
        later.carry_out();
    }

    /// Removes the entry of `poll_next`. A caller with `&self` proves that no `next()` is in progress, since
    /// that would hold `&mut self`.
    #[cold]
    fn forget_next(&self) {
        let later = {
            let mut state = self.shared.lock();
            // Under the lock, so that of two threads only one finds the entry.
            match self.next.swap(NONE, Ordering::Relaxed) {
                NONE => return,
                key => state.stop_receiving(&self.handle, key),
            }
        };
        later.carry_out();
    }
}

/// A clone of a closed handle is closed.
impl<T> Clone for MemoryObjectReceiveStream<T> {
    fn clone(&self) -> Self {
        let handle = {
            let mut state = self.shared.lock();
            if self.handle.is_closed() {
                Handle::closed()
            } else {
                state.new_receiver()
            }
        };
        MemoryObjectReceiveStream::with(&self.shared, handle)
    }
}

impl<T> Drop for MemoryObjectReceiveStream<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> fmt::Debug for MemoryObjectReceiveStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryObjectReceiveStream")
            .field("closed", &self.handle.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T: Send> ObjectReceiveStream for MemoryObjectReceiveStream<T> {
    type Item = T;
    type ReceiveError = ReceiveError;

    fn receive(&mut self) -> impl Future<Output = Result<T, ReceiveError>> + Send {
        MemoryObjectReceiveStream::receive(self)
    }
}

/// Also ends when this handle was closed.
impl<T> Stream for MemoryObjectReceiveStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        ready!(poll_budget(cx));
        let this = self.get_mut();
        // Exclusive access through `&mut`, so the entry can be moved out and back. `try_receive` within finds
        // `NONE`, and does not pass the object on.
        let mut entry = TakenEntry {
            key: this.next.swap(NONE, Ordering::Relaxed),
            next: &this.next,
        };
        this.poll_receive(&mut entry.key, cx).map(Result::ok)
    }
}

/// The entry of [`MemoryObjectReceiveStream::next`], moved out for a poll. It is put back also if a waker
/// panics in that poll: an entry may have been handed an object.
struct TakenEntry<'a> {
    key: usize,
    next: &'a AtomicUsize,
}

impl Drop for TakenEntry<'_> {
    fn drop(&mut self) {
        self.next.store(self.key, Ordering::Relaxed);
    }
}

/// The future of [`MemoryObjectReceiveStream::receive`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReceiveObject<'a, T> {
    stream: &'a MemoryObjectReceiveStream<T>,
    /// The entry in the queue, or [`NONE`] before the call waits.
    key: usize,
    operation: Operation,
}

impl<T> Future for ReceiveObject<'_, T> {
    type Output = Result<T, ReceiveError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        match this.stream.poll_receive(&mut this.key, cx) {
            // In a scope that is cancelled by now, the error is not returned. A later poll would find it
            // again.
            Poll::Ready(Err(_)) if this.operation.interrupts(cx) => Poll::Pending,
            polled => polled,
        }
    }
}

impl<T> Drop for ReceiveObject<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.key != NONE {
            self.stream.stop(self.key);
        }
    }
}

impl<T> fmt::Debug for ReceiveObject<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveObject")
            .field("waiting", &(self.key != NONE))
            .finish_non_exhaustive()
    }
}
