//! Tests of what core offers to simulators, on a runtime with one thread and a virtual clock.

#![allow(clippy::unwrap_used, reason = "a test says where it failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "the runtime here starts its threads itself"
)]

mod hosts;
mod numbers;
mod observe;
mod outside;
mod quiet;
mod runtime;

use anyrt_core::RunOptions;

use self::runtime::OneThread;

/// Runs a future on the runtime.
fn run<F: Future>(main: F) -> F::Output {
    anyrt_core::run(&OneThread, RunOptions::new(), main).unwrap()
}
