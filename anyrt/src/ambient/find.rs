//! Which backend this thread works for.

use std::cell::Cell;

use anyrt_core::error::NoRuntime;
#[cfg(feature = "tokio")]
use anyrt_core::runtime::Spawn;
use anyrt_core::runtime::current_tag;

use super::{ENABLED, KINDS, Kind};

/// What core keeps with the tasks of each backend. Zero is core's word for none.
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

/// The backend to use here. Whether it has a runtime here is for it to say.
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

/// A runtime that this thread is inside of without our doing.
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
    /// The backend that this thread was given to, where no task of core's is being polled: at the
    /// start and the end of a run, and in functions that block.
    static ENTERED: Cell<u8> = const { Cell::new(0) };
}

/// Makes this thread one of the backend's until what is returned is dropped.
#[inline]
pub(super) fn enter(kind: Kind) -> Entered {
    if ENABLED.len() > 1 {
        Entered(ENTERED.replace(kind.tag()))
    } else {
        Entered(0)
    }
}

/// Holds what the thread worked for before.
pub(super) struct Entered(u8);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if ENABLED.len() > 1 {
            ENTERED.set(self.0);
        }
    }
}
