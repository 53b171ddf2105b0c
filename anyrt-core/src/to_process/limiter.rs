//! The default limiter of calls.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use crate::context::RunVar;
use crate::error::NoRun;
use crate::loom::Arc;
use crate::sync::CapacityLimiter;

static DEFAULT_LIMITER: RunVar<Arc<CapacityLimiter>> = RunVar::with_default(|| {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    Arc::new(CapacityLimiter::new(processors))
});

/// Returns the limiter that calls in the current run use by default: one token for each processor. The number
/// can be changed during the run.
///
/// # Errors
///
/// [`NoRun`] outside of every run.
///
/// # Examples
///
/// ```
/// # anyrt::run(async {
/// let limiter = anyrt::to_process::current_default_limiter().unwrap();
/// limiter.set_total(2);
/// assert_eq!(limiter.total(), 2);
/// # });
/// ```
pub fn current_default_limiter() -> Result<Arc<CapacityLimiter>, NoRun> {
    DEFAULT_LIMITER.get().map_err(|_| NoRun::outside())
}
