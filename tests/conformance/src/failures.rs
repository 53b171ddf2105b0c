//! Cases that fail on several backends, because core does not implement the rule yet.

use crate::harness::Failures;

/// Faults of the engine, which polls tasks and scopes and propagates cancellation. The numbers are those of
/// the behaviours.
pub const ENGINE: Failures = Failures {
    known: &[],
    flaky: &[],
};
