//! Finds the backend that this thread works for.

use std::cell::Cell;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::current_tag;

use super::{ENABLED, FALLBACK, async_std, smol, tokio};
use crate::Backend;

/// Returns the number that core keeps with the tasks of a backend. Zero is core's number for none.
pub(super) const fn tag(backend: Backend) -> u8 {
    match backend {
        Backend::Tokio => 1,
        Backend::AsyncStd => 2,
        Backend::Smol => 3,
    }
}

fn of_tag(number: u8) -> Option<Backend> {
    ENABLED
        .iter()
        .copied()
        .find(|backend| tag(*backend) == number)
}

/// Returns the backend to use here. Whether it has a runtime here is for that backend to report.
#[inline]
pub(super) fn find() -> Result<Backend, NoRuntime> {
    match (ENABLED, FALLBACK) {
        ([only], _) => Ok(*only),
        (_, Some(fallback)) => Ok(of_tag(current_tag())
            .or_else(|| of_tag(ENTERED.get()))
            .or_else(detect)
            .unwrap_or(fallback)),
        (_, None) => Err(NoRuntime::new(
            "no runtime: enable one of the features `tokio`, `smol`, `async-std` of `anyrt`",
        )),
    }
}

/// Returns the backend whose runtime this thread has entered by itself.
fn detect() -> Option<Backend> {
    if tokio::is_current() {
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
    /// The backend that this thread was given to, where no task of core's is being polled: at the start and
    /// the end of a run, and in functions that block.
    static ENTERED: Cell<u8> = const { Cell::new(0) };
}

/// Gives this thread to a backend until the returned guard is dropped.
#[inline]
pub(super) fn enter(backend: Backend) -> Entered {
    if ENABLED.len() > 1 {
        Entered(ENTERED.replace(tag(backend)))
    } else {
        Entered(0)
    }
}

/// Keeps what the thread was given to before.
pub(super) struct Entered(u8);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if ENABLED.len() > 1 {
            ENTERED.set(self.0);
        }
    }
}
