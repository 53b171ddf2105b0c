//! Hosts: each has a clock, an address and tasks of its own, and can crash and start again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyrt_core::time::Instant;

use crate::shared::Shared;

/// The number of a host. The main future is on host 0.
pub(crate) type HostId = u32;

/// A host from its start to its crash or end.
#[derive(Debug)]
pub(crate) struct Incarnation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) host: HostId,
    /// False after a crash: what destructors still do on the host has no effect.
    alive: AtomicBool,
    clock: HostClock,
}

/// The clock of a host, relative to that of the simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostClock {
    /// The lead at the start of the simulation, in nanoseconds.
    pub(crate) skew: u64,
    /// The nanoseconds that the clock gains in a billion, or loses if negative; more than minus a billion.
    pub(crate) drift: i64,
}

/// One in parts per billion.
const BILLION: i128 = 1_000_000_000;

impl HostClock {
    /// Converts a time of the simulation to one of this clock.
    #[inline]
    pub(crate) fn local(self, global: u64) -> u64 {
        if self == HostClock::default() {
            return global;
        }
        let gained = i128::from(global) * i128::from(self.drift) / BILLION;
        let local = i128::from(global) + gained + i128::from(self.skew);
        u64::try_from(local).unwrap_or(if local < 0 { 0 } else { u64::MAX })
    }

    /// Returns the first time of the simulation at which this clock has reached `local`.
    #[inline]
    pub(crate) fn global(self, local: u64) -> u64 {
        if self == HostClock::default() || local == u64::MAX {
            return local;
        }
        let since = (i128::from(local) - i128::from(self.skew)).max(0);
        let global = (since * BILLION).div_euclid(BILLION + i128::from(self.drift));
        let mut global = u64::try_from(global).unwrap_or(u64::MAX);
        // Both conversions round down: at most two nanoseconds are missing.
        while global < u64::MAX && self.local(global) < local {
            global += 1;
        }
        global
    }
}

impl Incarnation {
    pub(crate) fn new(shared: Arc<Shared>, host: HostId, clock: HostClock) -> Arc<Incarnation> {
        Arc::new(Incarnation {
            shared,
            host,
            alive: AtomicBool::new(true),
            clock,
        })
    }

    /// Returns whether the host has not crashed since.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    /// Returns the time on the host's clock, in nanoseconds.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.clock.local(self.shared.now())
    }

    /// Returns the time of the simulation at which the host's clock reaches this instant.
    #[inline]
    pub(crate) fn deadline(&self, instant: Instant) -> u64 {
        let local = instant.since_anchor().as_nanos();
        self.clock.global(u64::try_from(local).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_early_and_late_by_a_tick_at_most() {
        for drift in [-400_000_000, -3, 0, 7, 250_000_000] {
            for skew in [0, 5_000_000_000] {
                let clock = HostClock { skew, drift };
                for local in [5_000_000_001, 7_777_777_777, 86_400_000_000_000] {
                    let global = clock.global(local);
                    assert!(clock.local(global) >= local, "{clock:?} {local}");
                    assert!(
                        clock.local(global - 1) < local || clock.local(global) == local,
                        "{clock:?} {local}"
                    );
                }
            }
        }
    }
}
