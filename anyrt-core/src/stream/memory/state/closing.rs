//! Creating and closing handles, and the end of the stream.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use super::{Handle, Later, State};
use crate::stream::{ReceiveError, SendError};

impl<T> State<T> {
    pub(in crate::stream::memory) fn new_sender(&mut self) -> Handle {
        self.senders += 1;
        self.new_handle()
    }

    pub(in crate::stream::memory) fn new_receiver(&mut self) -> Handle {
        self.receivers += 1;
        self.new_handle()
    }

    fn new_handle(&mut self) -> Handle {
        self.next_handle += 1;
        Handle::new(self.next_handle)
    }

    /// Closes a sender: settles the calls that wait on this handle and, if it was the last sender, all
    /// waiting receivers.
    pub(in crate::stream::memory) fn close_sender(&mut self, handle: &Handle) -> Later<()> {
        let mut wakers = Vec::new();
        if handle.close() {
            self.senders -= 1;
            if handle.has_waiting() {
                // Only the calls on this handle.
                let closed = |item| Err(SendError::Closed(item));
                wakers = self.sending.settle_all(Some(handle.id), closed);
            }
            // Receivers may wait although objects are handed over; then the last `fetch` ends the stream.
            wakers.append(&mut self.end_if_over());
        }
        Later::waking(wakers)
    }

    /// Closes a receiver: settles the calls that wait on this handle and, if it was the last receiver, all
    /// waiting senders. Then the buffer is cleared too.
    pub(in crate::stream::memory) fn close_receiver(
        &mut self,
        handle: &Handle,
    ) -> Later<VecDeque<T>> {
        let mut wakers = Vec::new();
        let mut dropped = VecDeque::new();
        if handle.close() {
            self.receivers -= 1;
            if handle.has_waiting() {
                // Only the calls on this handle. Objects that were handed to them stay with them.
                let closed = |()| Err(ReceiveError::Closed);
                wakers = self.receiving.settle_all(Some(handle.id), closed);
            }
            if self.receivers == 0 {
                // All senders. Each gets its object back with the error.
                let broken = |item| Err(SendError::Broken(item));
                wakers.append(&mut self.sending.settle_all(None, broken));
                dropped = mem::take(&mut self.buffer);
                self.returned.clear();
            }
        }
        Later { wakers, dropped }
    }

    /// Returns whether no object can come any more, provided that the buffer is empty and no sender waits.
    pub(super) fn has_ended(&self) -> bool {
        self.senders == 0 && self.handed == 0
    }

    /// Settles all waiting receivers, if the stream has ended.
    #[inline]
    pub(super) fn end_if_over(&mut self) -> Vec<Waker> {
        if !self.has_ended() {
            return Vec::new();
        }
        let ended = |()| Err(ReceiveError::EndOfStream);
        self.receiving.settle_all(None, ended)
    }
}
