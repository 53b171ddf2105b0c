//! The clock of a host.

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
        // Both conversions round down: a few nanoseconds are missing at most.
        while global < u64::MAX && self.local(global) < local {
            global += 1;
        }
        global
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
