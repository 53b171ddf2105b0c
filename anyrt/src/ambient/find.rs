//! Finds the backend that this thread works for.

use std::cell::Cell;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::current_tag;

use super::{ENABLED, FALLBACK, async_std, sim, smol, tokio};
use crate::Backend;

/// Returns the tag that core stores with the tasks of a backend. Zero is core's tag for no backend.
pub(super) const fn tag(backend: Backend) -> u8 {
    match backend {
        Backend::Tokio => 1,
        Backend::AsyncStd => 2,
        Backend::Smol => 3,
        // A simulation also has this tag if it was started without the facade.
        Backend::Sim => 4,
    }
}

fn of_tag(number: u8) -> Option<Backend> {
    ENABLED
        .iter()
        .copied()
        .find(|backend| tag(*backend) == number)
}

/// Returns the backend to use on this thread. It is not certain that the backend has a runtime here.
///
/// With one backend enabled, that is the result. Otherwise, in this order: the backend of the task that is
/// being polled, the backend that this thread has [entered](enter), a runtime that was started elsewhere, and
/// the backend with a global executor.
#[inline]
pub(super) fn find() -> Result<Backend, NoRuntime> {
    match (ENABLED, FALLBACK) {
        ([only], _) => Ok(*only),
        (_, Some(fallback)) => Ok(of_tag(current_tag())
            .or_else(|| of_tag(ENTERED.get()))
            .or_else(detect)
            .unwrap_or(fallback)),
        (_, None) => Err(NoRuntime::new(NO_BACKEND)),
    }
}

/// The error where no backend is enabled.
pub(crate) const NO_BACKEND: &str = "no runtime: enable one of the features `tokio`, `smol`, `async-std` of \
                                     `anyrt`, or `sim` for simulated runs";

/// Returns whether this thread works for a simulation.
#[inline]
pub(super) fn is_simulated() -> bool {
    ENABLED.contains(&Backend::Sim) && find().is_ok_and(|backend| backend == Backend::Sim)
}

/// Returns the backend of a runtime that other code has started, if this thread is inside one.
fn detect() -> Option<Backend> {
    // A simulation is first: its thread may belong to another runtime too, which has started it.
    if sim::is_current() {
        Some(Backend::Sim)
    } else if tokio::is_current() {
        Some(Backend::Tokio)
    } else if async_std::is_current() {
        Some(Backend::AsyncStd)
    } else if smol::is_current() {
        Some(Backend::Smol)
    } else {
        None
    }
}

thread_local! {
    /// The tag of the backend that this thread belongs to while no task of core is polled: at the start and
    /// the end of a run, and in functions that block.
    static ENTERED: Cell<u8> = const { Cell::new(0) };
}

/// Marks this thread as one of the backend's until the returned guard is dropped.
#[inline]
pub(super) fn enter(backend: Backend) -> Entered {
    if ENABLED.len() > 1 {
        Entered(ENTERED.replace(tag(backend)))
    } else {
        Entered(0)
    }
}

/// A guard that restores the previous tag of the thread.
pub(super) struct Entered(u8);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if ENABLED.len() > 1 {
            ENTERED.set(self.0);
        }
    }
}
