//! The queue of deadlines: the only queue of the simulation, for timers and packets alike.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::task::Waker;

use slab::Slab;

/// The number of removed entries that the heap may always have.
const SLACK: usize = 64;

/// The timers of a run, by deadline; those of equal deadlines in the order in which they were inserted.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Each timer, and removed ones until they surface.
    heap: BinaryHeap<Reverse<Entry>>,
    slots: Slab<Slot>,
    serial: u64,
    /// The number of removed timers that the heap still has.
    stale: usize,
}

/// A timer in the heap: the deadline, the serial number and the slot, from the highest bits to the lowest, so that one
/// comparison of integers decides the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

/// The numbers of bits of a slot, and of a serial number: enough for a day of real time, and for more timers at once than
/// memory allows.
const SLOT_BITS: u32 = 24;
const SERIAL_BITS: u32 = 64 - SLOT_BITS;

impl Entry {
    fn new(deadline: u64, serial: u64, slot: u32) -> Entry {
        Entry(u128::from(deadline) << 64 | u128::from(serial << SLOT_BITS | u64::from(slot)))
    }

    fn deadline(self) -> u64 {
        (self.0 >> 64) as u64
    }

    fn serial(self) -> u64 {
        self.0 as u64 >> SLOT_BITS
    }

    fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

#[derive(Debug)]
struct Slot {
    serial: u64,
    waker: Waker,
}

/// A timer in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    slot: u32,
    serial: u64,
}

impl Timers {
    pub(crate) fn insert(&mut self, deadline: u64, waker: Waker) -> Key {
        self.serial += 1;
        let serial = self.serial;
        let slot = self.slots.insert(Slot { serial, waker }) as u32;
        assert!(
            slot < 1 << SLOT_BITS && serial < 1 << SERIAL_BITS,
            "a simulation has at most 16 million timers and packets at once, and a trillion in all"
        );
        self.heap.push(Reverse(Entry::new(deadline, serial, slot)));
        Key { slot, serial }
    }

    /// Returns whether a timer has not fired, and wakes the task of this waker.
    pub(crate) fn wakes(&self, key: Key, waker: &Waker) -> bool {
        self.slots
            .get(key.slot as usize)
            .is_some_and(|slot| slot.serial == key.serial && slot.waker.will_wake(waker))
    }

    /// Replaces the waker of a timer. Returns the previous one, for a drop without the lock, or the new one
    /// if the timer has fired.
    pub(crate) fn replace(&mut self, key: Key, waker: Waker) -> Result<Waker, Waker> {
        match self.slots.get_mut(key.slot as usize) {
            Some(slot) if slot.serial == key.serial => Ok(mem::replace(&mut slot.waker, waker)),
            _ => Err(waker),
        }
    }

    /// Removes a timer. Returns its waker, for a drop without the lock, or `None` if it has fired.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waker> {
        if !self.is_alive(key.slot, key.serial) {
            return None;
        }
        let slot = self.slots.remove(key.slot as usize);
        self.stale += 1;
        if self.stale > SLACK && self.stale > self.heap.len() / 2 {
            let slots = &self.slots;
            self.heap.retain(|Reverse(entry)| {
                slots
                    .get(entry.slot() as usize)
                    .is_some_and(|slot| slot.serial == entry.serial())
            });
            self.stale = 0;
        }
        Some(slot.waker)
    }

    fn is_alive(&self, slot: u32, serial: u64) -> bool {
        self.slots
            .get(slot as usize)
            .is_some_and(|entry| entry.serial == serial)
    }

    /// Returns whether there may be timers whose deadline has come: false if there is none.
    #[inline]
    pub(crate) fn may_expire(&self, now: u64) -> bool {
        let earliest = self.heap.peek();
        earliest.is_some_and(|Reverse(entry)| entry.deadline() <= now)
    }

    /// Returns the earliest deadline.
    pub(crate) fn next_deadline(&mut self) -> Option<u64> {
        loop {
            let Reverse(entry) = *self.heap.peek()?;
            if self.is_alive(entry.slot(), entry.serial()) {
                return Some(entry.deadline());
            }
            self.heap.pop();
            self.stale = self.stale.saturating_sub(1);
        }
    }

    /// Removes the timers whose deadline has come, and appends their wakers in order.
    pub(crate) fn expire(&mut self, now: u64, due: &mut Vec<Waker>) {
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            if let Some(Reverse(entry)) = self.heap.pop() {
                due.push(self.slots.remove(entry.slot() as usize).waker);
            }
        }
    }

    /// Removes all timers. Returns their wakers, for a drop without the lock.
    pub(crate) fn clear(&mut self) -> Vec<Waker> {
        self.heap.clear();
        self.stale = 0;
        self.slots.drain().map(|slot| slot.waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counts() -> (Arc<Counts>, Waker) {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        (counts.clone(), Waker::from(counts))
    }

    #[test]
    fn equal_deadlines_fire_in_the_order_of_insertion() {
        let mut timers = Timers::default();
        let all: Vec<_> = (0..5).map(|_| counts()).collect();
        let removed = timers.insert(5, Waker::noop().clone());
        timers.remove(removed);
        // The first of these reuses the slot of the removed one.
        for (_, waker) in &all {
            timers.insert(5, waker.clone());
        }
        let mut due = Vec::new();
        timers.expire(4, &mut due);
        assert!(due.is_empty());
        timers.expire(5, &mut due);
        for ((_, waker), due) in all.iter().zip(&due) {
            assert!(waker.will_wake(due));
        }
        assert_eq!(due.len(), 5);
    }

    #[test]
    fn a_removed_timer_does_not_fire_and_its_key_stays_dead() {
        let mut timers = Timers::default();
        let key = timers.insert(1, Waker::noop().clone());
        assert!(timers.remove(key).is_some());
        assert!(timers.remove(key).is_none());
        timers.insert(1, Waker::noop().clone());
        assert!(timers.replace(key, Waker::noop().clone()).is_err());
        assert!(timers.remove(key).is_none());
    }

    #[test]
    fn removed_timers_do_not_accumulate() {
        let mut timers = Timers::default();
        for deadline in 0..10_000 {
            let key = timers.insert(deadline, Waker::noop().clone());
            timers.remove(key);
        }
        assert!(timers.heap.len() <= 2 * SLACK + 2, "{}", timers.heap.len());
        assert_eq!(timers.next_deadline(), None);
    }
}
