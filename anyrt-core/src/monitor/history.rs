//! The history of the tasks that one client has seen.
//!
//! Tasks do not record times: reading the clock in each spawn and poll would cost more than the rest of it. A
//! conversation remembers instead when it has first seen each task, and a number of polls.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::instant::Instant;
use crate::task::TaskId;

/// The tasks of the last snapshot.
#[derive(Debug, Default)]
pub(super) struct History {
    tasks: BTreeMap<TaskId, Seen>,
}

/// A task in a snapshot.
#[derive(Clone, Copy, Debug)]
struct Seen {
    first: Instant,
    polls: u32,
    /// The time of the first snapshot with this number of polls.
    unchanged_since: Instant,
}

/// The times of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// The time since it was first seen: it is at least that old.
    pub(super) known: Duration,
    /// The time since it was first seen with this number of polls: it was not polled for at least that long.
    pub(super) unpolled: Duration,
}

/// A snapshot that is being taken. Tasks that it lacks are forgotten at its end.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    history: &'a mut History,
    pub(super) now: Instant,
    tasks: BTreeMap<TaskId, Seen>,
}

impl History {
    pub(super) fn snapshot(&mut self, now: Instant) -> Snapshot<'_> {
        Snapshot {
            history: self,
            now,
            tasks: BTreeMap::new(),
        }
    }
}

impl Snapshot<'_> {
    /// Notes a task with its number of polls, and returns its times.
    pub(super) fn note(&mut self, task: TaskId, polls: u32) -> Times {
        let now = self.now;
        let seen = match self.history.tasks.get(&task) {
            Some(seen) if seen.polls == polls => *seen,
            before => Seen {
                first: before.map_or(now, |seen| seen.first),
                polls,
                unchanged_since: now,
            },
        };
        self.tasks.insert(task, seen);
        Times {
            known: now - seen.first,
            unpolled: now - seen.unchanged_since,
        }
    }

    pub(super) fn end(self) {
        self.history.tasks = self.tasks;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::History;
    use crate::instant::Instant;
    use crate::task::TaskId;

    #[test]
    fn times_count_from_the_first_snapshot_with_a_task_and_with_its_polls() {
        let mut history = History::default();
        let second = Duration::from_secs(1);
        let task = TaskId::new(1);
        let mut note = |at: u32, polls: Option<u32>| {
            let mut snapshot = history.snapshot(Instant::FAR_PAST + second * at);
            let times = polls.map(|polls| snapshot.note(task, polls));
            snapshot.end();
            times.map(|times| (times.known.as_secs(), times.unpolled.as_secs()))
        };
        assert_eq!(note(1, Some(2)), Some((0, 0)));
        assert_eq!(note(3, Some(2)), Some((2, 2)));
        assert_eq!(note(4, Some(6)), Some((3, 0)));
        assert_eq!(note(6, Some(6)), Some((5, 2)));
        assert_eq!(note(7, None), None);
        assert_eq!(note(8, Some(6)), Some((0, 0)));
    }
}
