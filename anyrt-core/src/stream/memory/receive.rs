use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;

use super::state::{Handle, Shared, State};
use super::{MemoryObjectStreamStatistics, poll_turn};
use crate::chain::NONE;
use crate::engine::{Operation, Wait, poll_state};
use crate::loom::atomic::{AtomicUsize, Ordering};
use crate::loom::{Arc, MutexGuard};
use crate::stream::{ObjectReceiveStream, ReceiveError, TryReceiveError};

/// The receiving side of a [`memory_object_stream`](super::memory_object_stream), or a clone of it.
///
/// Each object goes to one receiver. The side is closed when all its clones are, by
/// [`close`](Self::close) or by being dropped; what is still in the stream is then dropped.
///
/// As a [`Stream`] it yields all objects, and ends with the stream. An object that was handed to a
/// `next()` which was dropped stays with this handle, for its next `next()`. Before that,
/// [`receive`](Self::receive), [`try_receive`](Self::try_receive) and [`close`](Self::close) pass
/// it on: to whoever waits, or else back to its place at the front of the stream.
pub struct MemoryObjectReceiveStream<T> {
    shared: Arc<Shared<T>>,
    handle: Handle,
    /// The slot of `poll_next`, or [`NONE`]. Changed under the stream's lock, or with `&mut`.
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
    /// Those who wait are served in order of arrival, and own what was handed to them.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](crate::sync#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but it gives up its place in the queue: if the future is dropped before
    /// completing, nothing was received. What it had been handed is passed on to the next
    /// receiver, or goes back to its place at the front of the stream.
    ///
    /// # Errors
    ///
    /// - [`ReceiveError::EndOfStream`]: all senders are closed, and there is nothing left.
    /// - [`ReceiveError::Closed`]: this handle is closed, also if that happened while the call
    ///   waited.
    #[inline]
    pub fn receive(&self) -> Receiving<'_, T> {
        Receiving {
            stream: self,
            slot: NONE,
            operation: Operation::New,
        }
    }

    /// Receives the oldest object if there is one, or a sender waits with one.
    ///
    /// A plain call, which works anywhere.
    ///
    /// # Errors
    ///
    /// - [`TryReceiveError::WouldBlock`]: there is nothing. Also if all senders are closed, as long
    ///   as another receiver has not taken what it was handed: that may come back.
    /// - [`TryReceiveError::EndOfStream`]: all senders are closed, and there is nothing left.
    /// - [`TryReceiveError::Closed`]: this handle is closed.
    #[inline]
    pub fn try_receive(&self) -> Result<T, TryReceiveError> {
        if self.next.load(Ordering::Relaxed) != NONE {
            self.forget_next();
        }
        let mut state = self.shared.lock();
        match state.receive_plainly(&self.handle) {
            Some(item) => Ok(item),
            None => self.receive_otherwise(state),
        }
    }

    #[inline(never)]
    fn receive_otherwise(&self, mut state: MutexGuard<'_, State<T>>) -> Result<T, TryReceiveError> {
        let (item, sender) = state.receive(&self.handle)?;
        drop(state);
        sender.into_iter().for_each(Waker::wake);
        Ok(item)
    }

    /// Closes this handle. What waits on it ends at once, with [`ReceiveError::Closed`]. Closing
    /// again is fine.
    ///
    /// A plain call, which works anywhere.
    pub fn close(&self) {
        self.forget_next();
        let later = self.shared.lock().close_receiver(&self.handle);
        later.carry_out();
    }

    /// How full the stream is, and who uses it; the same from either side.
    ///
    /// A plain call, which works anywhere.
    pub fn statistics(&self) -> MemoryObjectStreamStatistics {
        self.shared.lock().statistics()
    }

    #[inline]
    fn poll_receive(&self, slot: &mut usize, cx: &Context<'_>) -> Poll<Result<T, ReceiveError>> {
        if *slot != NONE {
            let received = ready!(self.poll_received(*slot, cx));
            *slot = NONE;
            return Poll::Ready(received);
        }
        match self.try_receive() {
            Ok(item) => Poll::Ready(Ok(item)),
            Err(TryReceiveError::WouldBlock) => self.wait(slot, cx.waker().clone()),
            Err(TryReceiveError::EndOfStream) => Poll::Ready(Err(ReceiveError::EndOfStream)),
            Err(TryReceiveError::Closed) => Poll::Ready(Err(ReceiveError::Closed)),
        }
    }

    /// Tries once more, now that there is a waker, which is not cloned under the lock.
    #[inline(never)]
    fn wait(&self, slot: &mut usize, waker: Waker) -> Poll<Result<T, ReceiveError>> {
        let mut state = self.shared.lock();
        let received = state.receive(&self.handle);
        if let Err(TryReceiveError::WouldBlock) = received {
            self.handle.count_in();
            *slot = state.receiving.push_back((), waker, self.handle.id);
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

    #[inline(never)]
    fn stop(&self, key: usize) {
        let later = self.shared.lock().stop_receiving(&self.handle, key);
        later.carry_out();
    }

    /// Whoever holds `&self` shows that no `next()` is under way: it would hold `&mut`.
    #[cold]
    fn forget_next(&self) {
        let later = {
            let mut state = self.shared.lock();
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

/// Ends also where this handle was closed.
impl<T> Stream for MemoryObjectReceiveStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        ready!(poll_turn(cx));
        let this = self.get_mut();
        // Nobody else can get at it meanwhile.
        let mut slot = this.next.load(Ordering::Relaxed);
        this.next.store(NONE, Ordering::Relaxed);
        let polled = this.poll_receive(&mut slot, cx);
        this.next.store(slot, Ordering::Relaxed);
        polled.map(Result::ok)
    }
}

/// The future of [`MemoryObjectReceiveStream::receive`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Receiving<'a, T> {
    stream: &'a MemoryObjectReceiveStream<T>,
    slot: usize,
    operation: Operation,
}

impl<T> Future for Receiving<'_, T> {
    type Output = Result<T, ReceiveError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(this.operation.begin(cx));
        match this.stream.poll_receive(&mut this.slot, cx) {
            // That the stream has ended or this handle is closed is found again.
            Poll::Ready(Err(_)) if this.operation.interrupts(cx) => Poll::Pending,
            polled => polled,
        }
    }
}

impl<T> Drop for Receiving<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.slot != NONE {
            self.stream.stop(self.slot);
        }
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving")
            .field("waiting", &(self.slot != NONE))
            .finish_non_exhaustive()
    }
}
