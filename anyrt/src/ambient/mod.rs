//! The ambient runtime: one marker type that stands for the backend that is found at run time.
//!
//! Each type here is a struct around an enum with one variant per enabled backend. With one backend, the
//! enum is the type of that backend, and the compiler removes every `match` and the search in [`find`].
//! With none, the enums are empty: no value can be created, and creating one returns an error or panics.

#![cfg_attr(
    not(any(feature = "tokio", feature = "smol", feature = "async-std")),
    allow(
        unused,
        unreachable_code,
        reason = "with no backend nothing here can be reached"
    )
)]

mod blocking;
mod enter;
mod find;
#[cfg(all(feature = "descriptors", unix))]
mod reactor;
mod spawn;
mod time;

pub use self::blocking::AmbientCall;
#[cfg(all(feature = "descriptors", unix))]
pub use self::reactor::AmbientSource;
pub use self::spawn::AmbientHandle;
pub use self::time::AmbientTimer;

pub(crate) use self::enter::{Entry, Flavor, Options, invalid};

use crate::Backend;

/// The marker type of the backend that is found at run time: the `R` of anyrt's own functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ambient;

/// The enabled backends, in the order in which a run chooses.
pub(crate) const ENABLED: &[Backend] = &[
    #[cfg(feature = "tokio")]
    Backend::Tokio,
    #[cfg(feature = "smol")]
    Backend::Smol,
    #[cfg(feature = "async-std")]
    Backend::AsyncStd,
];

/// An enabled backend. Unlike a `Backend`, it is always one that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "tokio")]
    Tokio,
    #[cfg(feature = "smol")]
    Smol,
    #[cfg(feature = "async-std")]
    AsyncStd,
}

/// The enabled backends, the fallback last. Of the two with a global executor, smol is the fallback.
const KINDS: &[Kind] = &[
    #[cfg(feature = "tokio")]
    Kind::Tokio,
    #[cfg(feature = "async-std")]
    Kind::AsyncStd,
    #[cfg(feature = "smol")]
    Kind::Smol,
];

impl Kind {
    fn backend(self) -> Backend {
        match self {
            #[cfg(feature = "tokio")]
            Kind::Tokio => Backend::Tokio,
            #[cfg(feature = "smol")]
            Kind::Smol => Backend::Smol,
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => Backend::AsyncStd,
        }
    }
}
