//! The runtime that code finds around itself: one marker that stands for every enabled backend.
//!
//! Each type here is a struct around an enum with one variant per enabled backend. With one
//! backend the enum is that backend's type, and every `match` falls away; so does the search in
//! [`find`]. With none the enums are empty: nothing can be made, and making it says why.

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

/// The marker type of whichever backend is found: what stands for `R` in anyrt's own functions.
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

/// One of the enabled backends. A `Backend` may be one that is not compiled in; this may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "tokio")]
    Tokio,
    #[cfg(feature = "smol")]
    Smol,
    #[cfg(feature = "async-std")]
    AsyncStd,
}

/// The same, the one to fall back on last: of two with a global executor, smol.
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
