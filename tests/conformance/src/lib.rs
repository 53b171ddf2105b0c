//! The conformance suite of anyrt. A backend runs all of it with a file `tests/conformance.rs` of five
//! lines, with the facets that it has:
//!
//! ```ignore
//! anyrt_conformance::suite! {
//!     runtime: anyrt_smol::Builder::new(),
//!     facets: [spawn, time, blocking, net],
//! }
//! ```
//!
//! and `cargo test --test conformance`. Each case is then a separate test, named after the rule that it
//! checks: `groups::the_group_waits_for_every_child`.
//!
//! # What is where
//!
//! - [`cases`]: the cases, one module per area, each area in a separate crate so that they are compiled in
//!   parallel. A case is a plain function over the backend, and its documentation names the rule that it
//!   checks: a rule of `docs/rules.md` (`C4`), a point of a facet's contract (`Time 2`), or one of the
//!   behaviours below (`TG-01`). Each file ends with the list of its cases. The list creates a macro, from
//!   which [`suite!`] makes a `#[test]` for each case, so that each has its name, its output and its filter.
//! - [`suite!`] and the lists of names behind it: the only macros.
//! - [`erased`]: the runtime that most cases are written for. It forwards to the mounted backend.
//! - [`harness`]: runs every case on a fresh runtime and a separate thread, and names the case that hangs.
//! - [`cancel_everywhere`](fn@cancel_everywhere::cancel_everywhere): cancels an operation at each of its
//!   polls in turn.
//! - [`stress`](fn@stress::stress): random trees of tasks against a model.
//! - [`check_byte_stream`]: for authors of streams, the rules that every stream of bytes has to follow.
//!
//! # Erased and generic cases
//!
//! Most cases test core, which is the same code on every backend. They take [`erased::Backend`], a backend
//! that forwards each call of a facet to the mounted backend, and are compiled once. Cases that check the
//! contract of a facet are generic over the backend and are compiled where the suite is mounted, against
//! the backend's own handles, timers, calls and sockets:
//!
//! | module | compiled with the backend's own types for |
//! | --- | --- |
//! | `time` | the contract of `Time`: timers that are pinned, moved, dropped, reset in place |
//! | `blocking` | the contract of `Blocking`: calls with values of any type |
//! | `uniform` | the contract of `Spawn`: tasks and handles, dropped, panicking, orphaned |
//! | `stress` | all rules at once, in random trees of groups, scopes, shields and clean-ups |
//! | `net_contract` | the contract of `Net` and `Socket`: streams over TCP, whole, split and under TLS |
//!
//! A test program mounts one runtime, in any number of configurations. Another runtime needs another file.
//!
//! # Behaviours
//!
//! The observable behaviours of AnyIO and Trio, mostly from their test suites, are numbered by area. Each
//! case here states in its own words what the behaviour means in Rust.
//!
//! | area | | entries |
//! | --- | --- | ---: |
//! | TG | task groups | 37 |
//! | CS | cancel scopes | 23 |
//! | HO | holds: what cancellation waits for | 28 |
//! | TO | time limits | 10 |
//! | SY | synchronisation | 26 |
//! | MS | memory object streams | 15 |
//! | ST | streams of bytes, and what wraps them | 27 |
//! | NET | sockets | 32 |
//! | TH | threads | 21 |
//! | FS | files, paths and temporary files | 12 |
//! | DB | looking inside | 7 |
//! | CX | context variables and variables of a run | 8 |
//! | LL | checkpoints and the clock | 5 |
//! | EV | runs | 8 |
//! | TI | help for tests; most of it is tested by separate programs | 10 |
//! | SG | signals | 6 |
//! | PR | processes; worker processes are tested by separate programs | 15 |
//! | EN | the engine: findings of a review, so far in part | 36 |
//!
//! A test of this crate fails if one of them has no case, except those that Rust's types rule out.
//!
//! # Known failures of a backend
//!
//! ```ignore
//! anyrt_conformance::suite! {
//!     runtime: my_backend::MyRuntime::new(),
//!     facets: [spawn, time, blocking],
//!     known_failures: [
//!         "time::timers_are_never_early" => "rounds down to milliseconds, issue 7",
//!     ],
//! }
//! ```
//!
//! Such a case may fail or hang. Once it passes, the suite fails until the line is removed. A case that
//! fails only sometimes, because chance decides whether the fault shows, goes into `flaky_failures`, which
//! has the same form: it may pass or fail.
//!
//! Failures that several backends share for the same reason, a fault of core for instance, are in a
//! constant of type [`harness::Failures`] that each mount names: `failures: [failures::ENGINE]` between
//! `facets` and `known_failures`. [`failures`] has those of this repository.
//!
//! # Capabilities that a backend lacks
//!
//! ```ignore
//! anyrt_conformance::suite! {
//!     runtime: my_backend::Builder::new(),
//!     facets: [spawn, time, blocking, net],
//!     lacks: [real_time, os_threads, os_sockets],
//! }
//! ```
//!
//! Some cases need more of a backend than the contracts of its facets promise: that time passes while code
//! runs, or that the sockets of the standard library reach its sockets. The list at the end of each file
//! states such needs: `name: [real_time],` for one case, `needs [os_files]` for the file. A backend that
//! runs on virtual time, in memory, or one thread at a time lists the capabilities that it lacks. A case that
//! needs one of them is not run: it passes with one line of output. The test `skipped_cases` of each suite
//! prints these lines for all cases:
//!
//! ```console
//! $ cargo test --test conformance -- --exact skipped_cases --nocapture
//! ```
//!
//! Cases about files prepare and check them by the functions of `anyrt_conformance_kit::disk`, which use the files
//! of the backend if it has its own.
//!
//! | capability | what it means |
//! | --- | --- |
//! | `real_time` | time passes while code runs |
//! | `busy_time` | time passes while tasks that wake themselves are polled |
//! | `os_threads` | a function on a worker thread may block by other means than core's; foreign threads use the clock |
//! | `foreign_wakes` | threads outside of the run wake its tasks, and call into it |
//! | `nested_runs` | a function on a worker thread may enter a separate run |
//! | `portal_runs` | a portal may start a thread with a separate run |
//! | `os_files` | the files are those of the operating system |
//! | `os_sockets` | sockets of the operating system reach those of the backend, and have its limits |
//! | `socket_table` | the system lists the backend's sockets |
//! | `ordered_datagrams` | datagrams arrive once and in order |
//! | `whole_transfers` | few bytes that were sent by one call are received by one call |
//! | `big_buffers` | a stream accepts 100 kB that the peer does not read |
//! | `dual_stack` | IPv6, and listeners that accept both families |
//! | `reuse_port` | several sockets can bind one port |
//! | `full_queues` | a listener with a full queue leaves connections unanswered |
//! | `lingering_ports` | a lingering connection blocks its port for strict listeners |
//! | `unix_files` | files have modes and owners, and there are links and special files |
//! | `processor_time` | the system measures the processor time of a thread finely |
//!
//! On Windows every backend lacks some of them: see `capability::LACKED_BY_SYSTEM`.
//!
//! `lacks` is for what a backend is not made for, `known_failures` for faults. A case waits by core's own
//! means, and uses the backend's own sockets, unless a thread or a socket of the system is its subject. So
//! most cases need no capability.
//!
//! # Looking for a rare failure
//!
//! `ANYRT_CONFORMANCE_REPEAT=100` runs every case 100 times. `ANYRT_STRESS_TREES` and `ANYRT_STRESS_SEED`
//! do the same for the stress test; see [`stress`].

pub mod failures;
mod manifest;

#[doc(hidden)]
pub use anyrt_conformance_kit::harness::run_case;
pub use anyrt_conformance_kit::{
    cancel_everywhere, capability, check_byte_pipe, check_byte_stream, erased, harness, support,
};
pub use anyrt_conformance_scopes::stress;
#[doc(hidden)]
pub use anyrt_core::runtime::Enter;

/// The traits behind the names of facets.
#[doc(hidden)]
pub mod facets {
    #[cfg(any(unix, windows))]
    pub use anyrt_core::runtime::{Blocking as files, Descriptors as descriptors};
    pub use anyrt_core::runtime::{Blocking as blocking, Net as net, Spawn as spawn, Time as time};

    /// Functions of the same names that mount a facet for the erased cases.
    pub mod mount {
        #[cfg(any(unix, windows))]
        use anyrt_core::runtime::Descriptors;
        use anyrt_core::runtime::{Enter, Net};

        use crate::erased;

        #[cfg(any(unix, windows))]
        pub use self::runtime as files;
        pub use self::{runtime as spawn, runtime as time, runtime as blocking};

        pub fn runtime<B: Enter>(_: &B) {
            erased::mount::<B::Runtime>();
        }

        pub fn net<B: Enter<Runtime: Net>>(_: &B) {
            erased::mount_net::<B::Runtime>();
        }

        #[cfg(any(unix, windows))]
        pub fn descriptors<B: Enter<Runtime: Descriptors + Net>>(_: &B) {
            erased::mount_descriptors::<B::Runtime>();
        }
    }
}

pub use manifest::{all, all_needs, names, net};
pub use manifest::{check_known_failures, needs, print_skipped};
#[cfg(any(unix, windows))]
pub use manifest::{descriptors, files};

/// The cases, one module per area. Each is a plain function over a backend, and panics where the rule that
/// its documentation cites does not hold.
pub mod cases {
    pub use anyrt_conformance_files::*;
    pub use anyrt_conformance_groups::*;
    pub use anyrt_conformance_net::*;
    #[cfg(any(unix, windows))]
    pub use anyrt_conformance_processes::*;
    pub use anyrt_conformance_scopes::*;
    pub use anyrt_conformance_streams::*;
    pub use anyrt_conformance_sync::*;
    pub use anyrt_conformance_threads::*;
}
