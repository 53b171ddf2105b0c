//! The ambient runtime: one marker type that stands for every enabled backend.
//!
//! Each type here is a struct around an [`Each`], which has a variant for each backend that anyrt knows. A
//! backend whose feature is disabled is replaced by [`absent`], whose types have no values. So the variants of
//! disabled backends take no room, and with one backend every `match` and the search in [`find`] are compiled
//! away.

#[cfg_attr(
    all(
        feature = "tokio",
        feature = "smol",
        feature = "async-std",
        feature = "sim"
    ),
    allow(
        dead_code,
        unused_imports,
        reason = "no backend is absent, but a simulation has no descriptors"
    )
)]
mod absent;
#[cfg(feature = "async-std")]
mod async_std;
mod blocking;
mod enter;
mod find;
#[cfg(all(feature = "net", any(unix, windows)))]
pub(crate) mod ports;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
mod reactor;
#[cfg(feature = "sim")]
mod sim;
#[cfg(feature = "smol")]
mod smol;
#[cfg(all(feature = "net", any(unix, windows)))]
mod socket;
mod spawn;
mod time;
#[cfg(feature = "tokio")]
mod tokio;

pub use self::blocking::AmbientCall;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
pub use self::reactor::AmbientSource;
#[cfg(all(feature = "net", any(unix, windows)))]
pub use self::socket::AmbientSocket;
pub use self::spawn::AmbientHandle;
pub use self::time::AmbientTimer;

pub(crate) use self::enter::{Entry, Flavor, Options, invalid};
pub(crate) use self::find::NO_BACKEND;
#[cfg(feature = "sim")]
pub(crate) use self::sim::builder as simulation;

#[cfg(not(feature = "async-std"))]
use self::absent as async_std;
#[cfg(not(feature = "sim"))]
use self::absent as sim;
#[cfg(not(feature = "smol"))]
use self::absent as smol;
#[cfg(not(feature = "tokio"))]
use self::absent as tokio;
use self::async_std::Marker as AsyncStd;
use self::sim::Marker as Sim;
use self::smol::Marker as Smol;
use self::tokio::Marker as Tokio;

use pin_project::pin_project;

use crate::Backend;

/// The marker type of whichever backend is found: the `R` of anyrt's own functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ambient;

/// The enabled backends, in the order in which a run chooses. A simulation is chosen only if it is requested, or
/// alone.
pub(crate) const ENABLED: &[Backend] = &[
    #[cfg(feature = "tokio")]
    Backend::Tokio,
    #[cfg(feature = "smol")]
    Backend::Smol,
    #[cfg(feature = "async-std")]
    Backend::AsyncStd,
    #[cfg(feature = "sim")]
    Backend::Sim,
];

/// The enabled backend that is used where none is found: of the two with a global executor, smol.
const FALLBACK: Option<Backend> = if cfg!(feature = "smol") {
    Some(Backend::Smol)
} else if cfg!(feature = "async-std") {
    Some(Backend::AsyncStd)
} else if cfg!(feature = "tokio") {
    Some(Backend::Tokio)
} else if cfg!(feature = "sim") {
    Some(Backend::Sim)
} else {
    None
};

/// A value of one of the backends.
#[pin_project(project = EachPinned, project_ref = EachPinnedRef)]
#[derive(Clone, Debug)]
pub(crate) enum Each<T, S, A, V> {
    Tokio(#[pin] T),
    Smol(#[pin] S),
    AsyncStd(#[pin] A),
    Sim(#[pin] V),
}

/// Matches an [`Each`], or a projection of one, and does the same for each backend with the value and, if it is
/// named, with the backend's marker type.
macro_rules! match_each {
    ($each:ident, $value:expr, $inner:ident => $body:expr) => {
        match $value {
            $each::Tokio($inner) => $body,
            $each::Smol($inner) => $body,
            $each::AsyncStd($inner) => $body,
            $each::Sim($inner) => $body,
        }
    };
    ($each:ident, $value:expr, $inner:ident, $backend:ident => $body:expr) => {
        match $value {
            $each::Tokio($inner) => {
                type $backend = $crate::ambient::Tokio;
                $body
            }
            $each::Smol($inner) => {
                type $backend = $crate::ambient::Smol;
                $body
            }
            $each::AsyncStd($inner) => {
                type $backend = $crate::ambient::AsyncStd;
                $body
            }
            $each::Sim($inner) => {
                type $backend = $crate::ambient::Sim;
                $body
            }
        }
    };
}

/// Makes an [`Each`] of what the backend with this name makes.
macro_rules! make_each {
    ($value:expr, $backend:ident => $body:expr) => {
        match $value {
            $crate::Backend::Tokio => $crate::ambient::Each::Tokio({
                type $backend = $crate::ambient::Tokio;
                $body
            }),
            $crate::Backend::Smol => $crate::ambient::Each::Smol({
                type $backend = $crate::ambient::Smol;
                $body
            }),
            $crate::Backend::AsyncStd => $crate::ambient::Each::AsyncStd({
                type $backend = $crate::ambient::AsyncStd;
                $body
            }),
            $crate::Backend::Sim => $crate::ambient::Each::Sim({
                type $backend = $crate::ambient::Sim;
                $body
            }),
        }
    };
}

use {make_each, match_each};

impl<T, S, A, V> Each<T, S, A, V> {
    /// Returns the backend that the value belongs to.
    fn backend(&self) -> Backend {
        match self {
            Each::Tokio(_) => Backend::Tokio,
            Each::Smol(_) => Backend::Smol,
            Each::AsyncStd(_) => Backend::AsyncStd,
            Each::Sim(_) => Backend::Sim,
        }
    }
}
