//! The times at which groups of a run are cancelled or aborted even if they are not polled.
//!
//! A group's host has timers of its own, and usually acts first. But a host may be kept without being polled,
//! or be forgotten, and tasks continue without it (rule C12). So each group of tasks that has a deadline is
//! listed here as well. The run's main future, which is always polled, keeps one timer for all of them.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::engine::GroupState;
use crate::instant::Instant;
use crate::loom::atomic::{AtomicU64, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock};

/// The alarms of a run.
pub(crate) struct Alarms {
    groups: Mutex<BTreeMap<Key, Weak<GroupState>>>,
    /// The earliest alarm, in bits. Written under the lock, so that it is never later than the first entry.
    /// Read without it by the main future, which is woken after an earlier one was written.
    next: AtomicU64,
    waker: OnceLock<Waker>,
}

/// The time, and the group's number among alarms. Not its address, which differs in each run of a program.
type Key = (Instant, u64);

impl Default for Alarms {
    fn default() -> Alarms {
        Alarms {
            groups: Mutex::default(),
            next: AtomicU64::new(Instant::FAR_FUTURE.to_bits()),
            waker: OnceLock::new(),
        }
    }
}

impl Alarms {
    /// Sets the waker of the task that calls [`carry_out`](Alarms::carry_out). It is woken for an alarm that
    /// is earlier than all others. Called once.
    pub(crate) fn set_waker(&self, waker: Waker) {
        // It is empty, since this is called once.
        let _ = self.waker.set(waker);
    }

    /// Sets a group's alarm, unless it has an earlier one.
    pub(super) fn set(&self, group: &Arc<GroupState>, at: Instant) {
        let mut groups = lock(&self.groups);
        // Changed under this lock alone, so this is the time under which the group is listed.
        let before = group.alarm();
        if before <= at {
            return;
        }
        let number = group.alarm_number();
        let old = groups.remove(&(before, number));
        groups.insert((at, number), Arc::downgrade(group));
        group.note_alarm(at);
        let first = at < self.next();
        if first {
            self.next.store(at.to_bits(), Ordering::SeqCst);
        }
        drop(groups);
        drop(old);
        // Woken after the time was stored, so that the main future finds it.
        if first {
            if let Some(waker) = self.waker.get() {
                waker.wake_by_ref();
            }
        }
    }

    /// Removes the alarm of a group that has ended.
    pub(super) fn clear(&self, group: &GroupState) {
        if group.alarm() == Instant::FAR_FUTURE {
            return;
        }
        let mut groups = lock(&self.groups);
        let old = groups.remove(&(group.alarm(), group.alarm_number()));
        group.note_alarm(Instant::FAR_FUTURE);
        drop(groups);
        drop(old);
    }

    /// Returns the earliest alarm, or [`Instant::FAR_FUTURE`] if there is none.
    pub(crate) fn next(&self) -> Instant {
        Instant::from_bits(self.next.load(Ordering::SeqCst))
    }

    /// Carries out the alarms that are due.
    pub(crate) fn carry_out(&self, now: Instant) {
        let due: Vec<_> = {
            let mut groups = lock(&self.groups);
            // No group has this number, so the alarms at `now` itself are due.
            let later = groups.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut *groups, later);
            let next = groups.first_key_value().map(|((at, _), _)| *at);
            let next = next.unwrap_or(Instant::FAR_FUTURE);
            self.next.store(next.to_bits(), Ordering::SeqCst);
            let due = due.into_values().filter_map(|group| group.upgrade());
            due.inspect(|group| group.note_alarm(Instant::FAR_FUTURE))
                .collect()
        };
        // Without the lock: a cancellation wakes tasks, and foreign wakers may set alarms.
        for group in due {
            group.carry_out_deadlines(now);
        }
    }
}
