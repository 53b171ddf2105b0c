//! The search for the backend of the current thread.

use std::cell::Cell;

use anyrt_core::error::NoRuntime;
#[cfg(feature = "tokio")]
use anyrt_core::runtime::Spawn;
use anyrt_core::runtime::current_tag;

use super::{ENABLED, KINDS, Kind};

/// The tag that core stores with the tasks of each backend. Zero is core's tag for no backend.
#[cfg(feature = "tokio")]
const TOKIO: u8 = 1;
#[cfg(feature = "async-std")]
const ASYNC_STD: u8 = 2;
#[cfg(feature = "smol")]
const SMOL: u8 = 3;

impl Kind {
    pub(super) fn tag(self) -> u8 {
        match self {
            #[cfg(feature = "tokio")]
            Kind::Tokio => TOKIO,
            #[cfg(feature = "smol")]
            Kind::Smol => SMOL,
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => ASYNC_STD,
        }
    }

    fn of_tag(tag: u8) -> Option<Kind> {
        match tag {
            #[cfg(feature = "tokio")]
            TOKIO => Some(Kind::Tokio),
            #[cfg(feature = "smol")]
            SMOL => Some(Kind::Smol),
            #[cfg(feature = "async-std")]
            ASYNC_STD => Some(Kind::AsyncStd),
            _ => None,
        }
    }
}

/// Returns the backend to use on this thread. It is not certain that the backend has a runtime here.
///
/// With one backend compiled in, that is the result. Otherwise, in this order: the backend of the task
/// that is being polled, the backend that this thread has [entered](enter), a runtime that was started
/// elsewhere, and the backend with a global executor.
#[inline]
pub(super) fn find() -> Result<Kind, NoRuntime> {
    match KINDS {
        [] => Err(NoRuntime::new(
            "no runtime: enable one of the features `tokio`, `smol`, `async-std` of `anyrt`",
        )),
        [only] => Ok(*only),
        [.., fallback] => Ok(Kind::of_tag(current_tag())
            .or_else(|| Kind::of_tag(ENTERED.get()))
            .or_else(detect)
            .unwrap_or(*fallback)),
    }
}

/// Returns the backend of a runtime that other code has started, if this thread is inside one.
fn detect() -> Option<Kind> {
    #[cfg(feature = "tokio")]
    if anyrt_tokio::Tokio::current().is_ok() {
        return Some(Kind::Tokio);
    }
    #[cfg(feature = "async-std")]
    if anyrt_async_std::Handle::try_current().is_some() {
        return Some(Kind::AsyncStd);
    }
    None
}

thread_local! {
    /// The tag of the backend that this thread belongs to while no task of core is polled: at the start
    /// and the end of a run, and in functions that block.
    static ENTERED: Cell<u8> = const { Cell::new(0) };
}

/// Marks this thread as one of the backend's until the returned guard is dropped.
#[inline]
pub(super) fn enter(kind: Kind) -> Entered {
    if ENABLED.len() > 1 {
        Entered(ENTERED.replace(kind.tag()))
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
