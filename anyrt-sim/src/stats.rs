//! Counts of a run.

use std::time::Duration;

/// What was counted in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of steps: polls of tasks, and turns of threads.
    pub steps: u64,
    /// The number of times that the clock moved to the next deadline.
    pub advances: u64,
    /// The number of tasks that were spawned.
    pub spawned: u64,
    /// The number of draws.
    pub draws: u64,
    /// The number of packets that were sent.
    pub packets: u64,
    /// The virtual time that has passed.
    pub elapsed: Duration,
}

impl Stats {
    /// Adds the counts of another run.
    pub(crate) fn add(&mut self, other: &Stats) {
        let Stats {
            steps,
            advances,
            spawned,
            draws,
            packets,
            elapsed,
        } = other;
        self.steps += steps;
        self.advances += advances;
        self.spawned += spawned;
        self.draws += draws;
        self.packets += packets;
        self.elapsed = self.elapsed.saturating_add(*elapsed);
    }
}
