//! The cases, with the number of operations of a round on each side.

use crate::{madsim_side, ours, turmoil_side};

/// A simulator, or for two cases a way to use one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Madsim,
    Turmoil,
}

impl Side {
    pub(crate) const ALL: [Side; 3] = [Side::Ours, Side::Madsim, Side::Turmoil];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Ours => "ours",
            Side::Madsim => "madsim",
            Side::Turmoil => "turmoil",
        }
    }
}

/// The work of one side.
pub(crate) struct Lane {
    /// The operations of a round.
    pub(crate) count: u64,
    /// The fewest operations of a round: those of a part that cannot be divided.
    pub(crate) least: u64,
    /// The number of such operations in one of the other sides', whose time is extrapolated.
    pub(crate) parts: f64,
    pub(crate) run: fn(u64),
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({})", self.count)
    }
}

/// A lower bound, and what is aimed at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) floor: f64,
    pub(crate) aim: Option<f64>,
}

const fn bound(floor: f64, aim: Option<f64>) -> Option<Bound> {
    Some(Bound { floor, aim })
}

/// What a case has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Operations per second, as multiples of madsim's and of turmoil's.
    Rate {
        madsim: Option<Bound>,
        turmoil: Option<Bound>,
    },
    /// The most seconds per operation.
    Seconds(Bound),
    /// The most times that the first lane takes of the time of the second.
    AtMost(Bound),
    /// The least times that the second lane takes of the time of the first.
    AtLeast(Bound),
    /// As [`AtLeast`](Goal::AtLeast), without a bound: what it is beside.
    Limit(&'static str),
}

/// A comparison.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) goal: Goal,
    /// By side; for [`Goal::AtMost`], [`Goal::AtLeast`] and [`Goal::Limit`], two ways to use anyrt's simulation.
    pub(crate) lanes: [Option<Lane>; 3],
    /// Whether wall-clock time is measured.
    pub(crate) wall: bool,
}

const fn lane(count: u64, least: u64, run: fn(u64)) -> Option<Lane> {
    Some(Lane {
        count,
        least,
        parts: 1.0,
        run,
    })
}

/// Returns the cases. The floors for madsim and turmoil are on the rows that have the peer's own default latency: 1 to
/// 10 ms is madsim's, and the simulation's; 0 to 100 ms is turmoil's.
pub(crate) fn all() -> Vec<Case> {
    vec![
        Case {
            name: "timers",
            goal: Goal::Rate {
                madsim: bound(1.0, Some(1.5)),
                turmoil: None,
            },
            lanes: [
                lane(400_000, 100, ours::timers),
                lane(400_000, 100, madsim_side::timers),
                lane(400_000, 100, turmoil_side::timers),
            ],
            wall: false,
        },
        Case {
            name: "round trips, 1 to 10 ms",
            goal: Goal::Rate {
                madsim: bound(1.1, Some(2.0)),
                turmoil: None,
            },
            lanes: [
                lane(100_000, 1, |count| ours::echo(1, count)),
                lane(100_000, 1, |count| madsim_side::echo(1, count)),
                lane(5_000, 1, |count| turmoil_side::echo(1, count)),
            ],
            wall: false,
        },
        Case {
            name: "100 connections, 1 to 10 ms",
            goal: Goal::Rate {
                madsim: bound(1.1, Some(2.0)),
                turmoil: None,
            },
            lanes: [
                lane(100_000, 100, |count| ours::echo(100, count)),
                lane(100_000, 100, |count| madsim_side::echo(100, count)),
                lane(40_000, 100, |count| turmoil_side::echo(100, count)),
            ],
            wall: false,
        },
        Case {
            name: "tiny seeds, 1 to 10 ms",
            goal: Goal::Rate {
                madsim: bound(1.2, Some(3.0)),
                turmoil: None,
            },
            lanes: [
                lane(5_000, 1, ours::tiny_seeds),
                lane(3_000, 1, madsim_side::tiny_seeds),
                lane(200, 1, turmoil_side::tiny_seeds),
            ],
            wall: false,
        },
        Case {
            name: "round trips, 0 to 100 ms",
            goal: Goal::Rate {
                madsim: None,
                turmoil: bound(4.0, None),
            },
            lanes: [
                lane(100_000, 1, |count| ours::echo_with_latency(1, count)),
                None,
                lane(1_000, 1, |count| turmoil_side::echo_with_latency(1, count)),
            ],
            wall: false,
        },
        Case {
            name: "100 connections, 0 to 100 ms",
            goal: Goal::Rate {
                madsim: None,
                turmoil: bound(4.0, None),
            },
            lanes: [
                lane(100_000, 100, |count| ours::echo_with_latency(100, count)),
                None,
                lane(10_000, 100, |count| {
                    turmoil_side::echo_with_latency(100, count)
                }),
            ],
            wall: false,
        },
        Case {
            name: "tiny seeds, 0 to 100 ms",
            goal: Goal::Rate {
                madsim: None,
                turmoil: bound(30.0, None),
            },
            lanes: [
                lane(5_000, 1, ours::tiny_seeds_with_latency),
                None,
                lane(100, 1, turmoil_side::tiny_seeds_with_latency),
            ],
            wall: false,
        },
        Case {
            name: "events and draws kept, timers",
            goal: Goal::AtMost(Bound {
                floor: 1.2,
                aim: Some(1.1),
            }),
            lanes: [
                lane(400_000, 100, ours::timers_with_log),
                lane(400_000, 100, ours::timers_without_log),
                None,
            ],
            wall: false,
        },
        Case {
            name: "events and draws kept, round trips",
            goal: Goal::AtMost(Bound {
                floor: 1.2,
                aim: Some(1.1),
            }),
            lanes: [
                lane(100_000, 1, ours::echo_with_log),
                lane(100_000, 1, ours::echo_without_log),
                None,
            ],
            wall: false,
        },
        Case {
            name: "events and draws kept, tiny seeds",
            goal: Goal::AtMost(Bound {
                floor: 1.2,
                aim: Some(1.1),
            }),
            lanes: [
                lane(5_000, 1, ours::tiny_seeds_with_log),
                lane(5_000, 1, ours::tiny_seeds_without_log),
                None,
            ],
            wall: false,
        },
        Case {
            name: "idle day, ten hosts",
            goal: Goal::Seconds(Bound {
                floor: 1e-3,
                aim: None,
            }),
            lanes: [
                lane(100, 1, ours::idle_days),
                lane(100, 1, madsim_side::idle_days),
                Some(Lane {
                    count: 1,
                    least: 1,
                    parts: turmoil_side::PARTS_OF_A_DAY,
                    run: turmoil_side::parts_of_idle_days,
                }),
            ],
            wall: false,
        },
        Case {
            name: "1,000 hosts, a minute",
            goal: Goal::Seconds(Bound {
                floor: 3.0,
                aim: Some(1.0),
            }),
            lanes: [
                lane(1, 1, ours::many_hosts),
                lane(1, 1, madsim_side::many_hosts),
                None,
            ],
            wall: false,
        },
        Case {
            name: "two threads, tiny seeds",
            goal: Goal::AtLeast(Bound {
                floor: 1.8,
                aim: None,
            }),
            lanes: [
                lane(20_000, 2, |count| ours::tiny_seeds_on_threads(2, count)),
                lane(20_000, 2, |count| ours::tiny_seeds_on_threads(1, count)),
                None,
            ],
            wall: true,
        },
        Case {
            name: "two processes, tiny seeds",
            goal: Goal::Limit("one process's: the limit of this machine now"),
            lanes: [
                lane(20_000, 2, |count| ours::tiny_seeds_in_processes(2, count)),
                lane(20_000, 2, |count| ours::tiny_seeds_in_processes(1, count)),
                None,
            ],
            wall: true,
        },
    ]
}
