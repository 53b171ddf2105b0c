//! The interface of backends: small facet traits with associated functions on a marker type.
//!
//! A backend is one marker type that implements [`Spawn`], [`Time`] and [`Blocking`], and one or more types
//! that implement [`Enter`], which start a run. Names, groups, scopes, deadlines and all other rules are
//! implemented by core. Optional abilities of a runtime are facets of their own: `Descriptors` and `Net`,
//! behind the features `descriptors` and `net`.
//!
//! ```text
//!   Enter ──block_on──▶ a run          Runtime = Spawn + Time + Blocking
//!   (a configured runtime)             (a marker, found from inside a run)
//! ```

#[cfg(all(feature = "net", any(unix, windows)))]
mod adopt;
mod blocking;
mod clock;
mod enter;
mod files;
#[cfg(feature = "net")]
mod net;
mod park;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
mod programs;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
mod reactor;
mod spawn;
mod time;

#[cfg(all(feature = "net", any(unix, windows)))]
pub use self::adopt::AdoptSocket;
pub use self::blocking::Blocking;
pub use self::clock::{from_native, to_native};
pub use self::enter::Enter;
pub use self::files::{FileSystem, OpenFile, OpenMode};
#[cfg(feature = "net")]
pub use self::net::{Net, Socket, SocketOption, SocketSpec};
pub(crate) use self::park::relax;
pub use self::park::{Park, Unparker, park, with_park};
#[cfg(all(feature = "descriptors", any(unix, windows)))]
pub use self::programs::{Launch, LaunchOutput, ProgramHost, RunningProgram};
#[cfg(all(feature = "descriptors", any(unix, windows)))]
pub use self::reactor::{Attempt, Descriptors, Direction, OsSockets, Source, poll_attempts};
pub use self::spawn::{Spawn, TaskInfo};
pub use self::time::Time;
pub use crate::disk::{FileType, Metadata, OwnMetadata, Permissions};
pub use crate::engine::poll_state::{Observed, OwnNumbers, current_tag, observe, own_numbers};
pub use crate::wake::{WakerSlot, poll_locked};

/// The facets that core requires.
pub trait Runtime: Time + Blocking {}

impl<R: Time + Blocking> Runtime for R {}
