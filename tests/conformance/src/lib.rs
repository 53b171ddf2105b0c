//! The conformance suite of anyrt. A backend runs all of it with a file
//! `tests/conformance.rs` of five lines, with the facets that it has:
//!
//! ```ignore
//! anyrt_conformance::suite! {
//!     runtime: anyrt_smol::Smol::new(),
//!     facets: [spawn, time, blocking, net],
//! }
//! ```
//!
//! and `cargo test --test conformance`. Each case is then a test of its own, named after the rule
//! that it checks: `groups::the_group_waits_for_children`.
//!
//! # What is where
//!
//! - [`cases`]: the cases, one module per area. A case is a plain function over the backend, and
//!   its documentation names what it stands for: a rule of `ARCHITECTURE.md` (`C4`), a point of a
//!   facet's contract (`Time 2`), or one of the behaviours below (`TG-01`).
//! - [`suite!`] and the lists of names behind it: the only macros.
//! - [`harness`]: gives every case a fresh runtime and a thread of its own, and names the case that
//!   hangs.
//! - [`cancel_everywhere`](fn@cancel_everywhere::cancel_everywhere): cancels an operation at each of
//!   its polls in turn.
//! - [`stress`](fn@stress::stress): random trees of tasks against a model.
//! - [`check_byte_stream`]: for those who write streams, what every stream of bytes has to do.
//!
//! # Behaviours
//!
//! What can be observed of AnyIO and Trio, in their own test suites above all, is numbered by area.
//! Here the case says in its own words what that means in Rust.
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
//! | DB | looking inside | 7 |
//! | CX | context variables and variables of a run | 8 |
//! | LL | checkpoints and the clock | 5 |
//! | EV | runs | 8 |
//! | TI | help for tests, so far in part | 10 |
//!
//! A test of this crate fails if one of them has no case, those apart that Rust's types rule out.
//!
//! # What a backend does not manage yet
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
//! Such a case may fail or hang. Once it passes, the suite asks for the line to be removed.
//!
//! # Looking for a rare failure
//!
//! `ANYRT_CONFORMANCE_REPEAT=100` runs every case so many times. `ANYRT_STRESS_TREES` and
//! `ANYRT_STRESS_SEED` do the same for the stress test; see [`stress`].

#![expect(
    clippy::missing_panics_doc,
    reason = "cases panic where a rule is broken: that is what they are for"
)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

pub mod cancel_everywhere;
pub mod cases;
mod check;
pub mod harness;
mod manifest;
pub mod stress;
pub mod support;

#[doc(hidden)]
pub use anyrt_core::runtime::Enter;
#[doc(hidden)]
pub use harness::run_case;
#[doc(hidden)]
/// The traits behind the names of facets.
#[doc(hidden)]
pub mod facets {
    #[cfg(unix)]
    pub use anyrt_core::runtime::Descriptors as descriptors;
    pub use anyrt_core::runtime::{Blocking as blocking, Net as net, Spawn as spawn, Time as time};
}

pub use self::check::{check_byte_pipe, check_byte_stream};
pub use manifest::check_known_failures;
#[cfg(unix)]
pub use manifest::descriptors;
pub use manifest::{all, names, net};
