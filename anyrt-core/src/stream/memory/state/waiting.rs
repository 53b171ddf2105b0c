//! The end of waiting: fetching an outcome, or leaving without it.

use super::{Handle, Later, Sent, State, Unwanted};
use crate::stream::ReceiveError;
use crate::stream::memory::queue::Waiter;
use crate::wake::WakerSlot;

impl<T> State<T> {
    /// Returns the outcome of a waiting sender and removes its entry; or returns its waker slot while it
    /// waits.
    pub(in crate::stream::memory) fn fetch_sent(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Result<Sent<T>, &mut WakerSlot> {
        // A settled sender has its outcome, even if its handle was closed since.
        let Some(sent) = self.sending.fetch(key) else {
            return Err(self.sending.waker(key));
        };
        handle.count_out();
        Ok(sent)
    }

    /// Returns the outcome of a waiting receiver and removes its entry; or returns its waker slot while it
    /// waits.
    pub(in crate::stream::memory) fn fetch_received(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Result<(Result<T, ReceiveError>, Later<()>), &mut WakerSlot> {
        let Some(received) = self.receiving.fetch(key) else {
            return Err(self.receiving.waker(key));
        };
        handle.count_out();
        let mut wakers = Vec::new();
        let received = received.map(|(_, item)| {
            // This object cannot be returned any more. If it was the last, the other receivers are at the
            // end.
            self.handed -= 1;
            wakers = self.end_if_over();
            item
        });
        Ok((received, Later::waking(wakers)))
    }

    /// Takes back an object that was handed over: the next waiting receiver gets it, or it goes to its place
    /// at the front of the buffer.
    pub(in crate::stream::memory) fn give_back(
        &mut self,
        serial: u64,
        item: T,
    ) -> Later<Option<T>> {
        self.handed -= 1;
        let mut later = Later {
            wakers: Vec::new(),
            dropped: None,
        };
        // No receiver is left, so the object is dropped.
        if self.receivers == 0 {
            later.dropped = Some(item);
        } else if let Some(key) = self.receiving.first() {
            later.wakers.extend(self.hand_over(key, serial, item));
        } else {
            // Ordered by serial number, so that returned objects keep the order in which they were sent.
            let place = self.returned.partition_point(|other| *other < serial);
            self.returned.insert(place, serial);
            self.buffer.insert(place, item);
        }
        later
    }

    /// Removes a waiting sender that is dropped.
    pub(in crate::stream::memory) fn stop_sending(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Waiter<T, Sent<T>> {
        handle.count_out();
        self.sending.remove(key)
    }

    /// Removes a waiting receiver that is dropped. An object that it was handed is passed on.
    pub(in crate::stream::memory) fn stop_receiving(
        &mut self,
        handle: &Handle,
        key: usize,
    ) -> Later<Unwanted<T>> {
        handle.count_out();
        let mut wakers = Vec::new();
        let dropped = match self.receiving.remove(key) {
            // Handed over, and not fetched: pass it on.
            Waiter::Settled(Ok((serial, item))) => {
                let later = self.give_back(serial, item);
                wakers = later.wakers;
                (later.dropped, None)
            }
            // Still waiting: only the waker is left, to be dropped after the unlock.
            Waiter::Waiting((), mut waker, _) => (None, waker.take()),
            _ => (None, None),
        };
        Later { wakers, dropped }
    }
}
