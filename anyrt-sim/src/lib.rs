//! The simulation backend of anyrt: any program that is written on anyrt, unchanged, in one thread, on
//! virtual time, in an order that a seed decides, over a network and a disk in memory.
//!
//! The same seed gives the same run. A failure is a number that repeats it.
//!
//! ```
//! use std::time::Duration;
//!
//! use anyrt::sim::Config;
//!
//! for seed in 0..100 {
//!     let outcome = Config::new(seed).run(async {
//!         anyrt::sleep(Duration::from_secs(3600)).await;
//!         anyrt::now()
//!     });
//!     assert!(outcome.result.is_ok(), "{outcome:?}");
//! }
//! ```
//!
//! # How anyrt maps to a simulation
//!
//! | anyrt | simulation |
//! | --- | --- |
//! | a run | a new world, on the calling thread |
//! | a task | an entry in a list; the seed decides which of those that are ready is polled |
//! | the clock | a number, which moves when nothing can go on; each poll takes a microsecond |
//! | a timer | an entry in a queue by deadline |
//! | a function that blocks | a thread of the system that runs when it is its turn, one at a time |
//! | a socket | a buffer in memory; a packet is an entry in the queue of timers |
//! | a file | pages in memory, on the disk of a host |
//! | the end of a run | remaining tasks are dropped; threads that are left run freely |
//!
//! # What decides the course of a run
//!
//! The seed alone, as long as the program has no other source of chance: a real clock, a real random number,
//! a thread of its own, the addresses of objects, a hash map with random keys that is iterated.
//! [`Config::check_determinism`] runs a test twice and reports the first event that differs. A wake-up from
//! a thread outside is refused, with the place of the call.
//!
//! Every draw is a number below a bound, and 0 is the dull alternative: the task that has been ready for
//! longest, the least latency, no fault. The draws of a run are its [`Choices`]; [`Policy::Replay`] repeats
//! them, and a shorter list with more zeros is a simpler run.
//!
//! # Hosts, and what happens to them
//!
//! A test can put parts of its program on hosts of their own: [`Simulation::host`]. Each has addresses, a name,
//! a clock that may be ahead or drift, and can [crash](Host::crash), [start again](Host::restart) and
//! [pause](Host::pause). Each has a disk with files, which outlives crashes; [`DiskHandle`] states what a crash
//! leaves of it. [`Simulation::net`] has partitions, holds, limits of bandwidth and rules about packets; [`Faults`]
//! makes the whole world rougher by one word.
//!
//! # Programs
//!
//! A simulation starts no programs of the system. With the feature `process`, a test registers a function in place
//! of each program that its code starts, with `Simulation::program`. It runs as a host: it has tasks of its own, ends
//! with an exit code, is killed by signals, and crashes with the host that has started it, whose disk it uses.
//!
//! # What a simulation cannot do
//!
//! - A file of the simulation has no descriptor, and the standard library cannot open it: `std::fs` uses the
//!   files of the system. There are no devices, pipes, owners or groups.
//! - Worker processes, signals, descriptors and adopted sockets of the system do not exist in it.
//! - A worker thread that waits for another by means of the standard library stops the whole simulation, since
//!   threads run one at a time. Waiting by anyrt is part of the order. A task that blocks its thread does the
//!   same; [`Seeds`] aborts the process after a minute without a step, with a message that names the task.
//! - TLS works, but draws its keys from the system: the bytes differ from run to run, and their number too, where
//!   signatures vary in length. rustls can be given other random numbers for its nonces, but the key exchange and
//!   the signatures of *ring* have no other source. All other random numbers of anyrt, such as those in names of
//!   temporary files and the choices of core, come from the seed.
//!
//! # Finding faults
//!
//! | tool | what it does |
//! | --- | --- |
//! | [`Seeds`] | runs a test for many seeds, in parallel, and shrinks the first failure |
//! | [`Shrink`] | searches for a shorter list of choices that fails in the same way |
//! | [`explore::cancel`] | cancels, or drops, an operation at each place where that can happen |
//! | [`explore::faults`](explore::faults()) | injects a fault at each place where one can occur |
//! | [`always!`] | fails a run where a condition is false |
//! | [`sometimes!`] | fails a test for many seeds if a condition is true in none of them |
//!
//! ```
//! use std::time::Duration;
//!
//! use anyrt::sim::{Seeds, Simulation, always, sometimes};
//!
//! // `ANYRT_SIM_SEED=7 cargo test` runs one seed, and `ANYRT_SIM_SEEDS=5000` more of them.
//! Seeds::from_env(0..100)
//!     .run(|| async {
//!         let simulation = Simulation::current().expect("inside of a simulation");
//!         let seconds = simulation.choose(10);
//!         anyrt::sleep(Duration::from_secs(seconds)).await;
//!         sometimes!(seconds == 9, "the longest time is tried");
//!         always!(simulation.clock().elapsed() < Duration::from_secs(10));
//!     })
//!     .unwrap();
//! ```
//!
//! # Looking at a run
//!
//! [`Config::trace`], [`Seeds::trace`], or `ANYRT_SIM_TRACE=FILE` in the environment of a test or a simulated program,
//! write a [`Timeline`] (with a folder in place of the file, each test and seed has one of its own): a page for a browser, with hosts as columns, packets as arrows, tasks, faults, crashes and
//! notes. Without a file, it comes from [`Outcome::timeline`].
//!
//! # How it works
//!
//! | module | contents |
//! | --- | --- |
//! | `config`, `faults`, `run` | options; how a run begins and what is known after it |
//! | `executor` | what is ready, in which order it goes on, and how the clock moves |
//! | `shared`, `current` | the state of a run, under one lock; the host that a thread works for |
//! | `timers` | the queue of deadlines, of timers and packets alike |
//! | `threads`, `blocking` | threads that run one at a time |
//! | `host` | hosts, their clocks, starts and crashes |
//! | `net` | addresses, connections, datagrams, holds, bandwidth, rules |
//! | `disk` | files, what of them is durable, their costs and faults |
//! | `programs` | functions in place of the programs of the system |
//! | `choices`, `random` | the draws, and the generator behind a seed |
//! | `events`, `failure`, `task_report` | what happened, and reports of failures |
//! | `timeline` | a page that shows a run |
//! | `seeds`, `shrink`, `explore`, `properties` | the tools that find faults |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod blocking;
mod choices;
mod config;
mod current;
mod disk;
mod events;
mod executor;
pub mod explore;
mod failure;
mod faults;
mod host;
mod lock;
mod misfit;
#[cfg(feature = "net")]
mod net;
mod panics;
#[cfg(all(feature = "process", unix))]
mod programs;
mod properties;
mod random;
mod run;
mod seeds;
mod shared;
mod shrink;
mod spawn;
mod stats;
mod task_report;
mod threads;
mod time;
mod timeline;
mod timers;

pub use self::blocking::Call;
pub use self::choices::{Choices, ParseChoicesError};
pub use self::config::{Clock, Config, Idle, Policy};
pub use self::disk::{DiskHandle, DiskOperation};
pub use self::events::{Detail, Event, EventKind, EventList, PacketFate, PacketKind, SentPacket};
pub use self::failure::{Failure, Report};
pub use self::faults::Faults;
pub use self::host::{Host, HostBuilder};
pub use self::misfit::Misfit;
#[cfg(feature = "net")]
pub use self::net::{
    Content, HoldGuard, NetHandle, Packet, Rule, RuleChoices, RuleGuard, SimSocket, Verdict,
};
#[cfg(all(feature = "process", unix))]
pub use self::programs::{
    IntoExitCode, NoDescriptor, ProgramInput, ProgramIo, ProgramOutput, ProgramSignals,
};
pub use self::properties::Sometimes;
pub use self::run::{FirstDifference, Outcome};
pub use self::seeds::{SeedFailure, SeedReport, Seeds, TestOutput};
pub use self::shrink::{Shrink, Shrunk};
pub use self::spawn::{ClockHandle, Simulation};
pub use self::stats::Stats;
pub use self::task_report::TaskReport;
pub use self::time::Timer;
pub use self::timeline::Timeline;

/// Items that macros and the bounds of functions need.
#[doc(hidden)]
pub mod __private {
    pub use crate::config::of_program;
    pub use crate::properties::{always, sometimes};
    pub use crate::seeds::{FnOutput, seed_from_env};
}

/// The marker type of this backend: the `R` of code that is generic over the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sim;
