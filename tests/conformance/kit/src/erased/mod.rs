//! One runtime type for all backends, so that the cases are compiled once and not once per backend.
//!
//! A case that is generic over the backend is compiled anew wherever it is mounted, together with
//! everything of core and of the backend that it uses: some 500 functions for each of 758 cases. Two fifths
//! of them were the runtime's own (each case with a copy of smol's executor, for instance). Most cases test
//! core's rules, which are generic over the runtime and do not depend on the layout of its types. They are
//! written against [`Backend`], a runtime with a marker type [`R`] that forwards every call of a facet to
//! the mounted backend through a trait object. That needs some 220 functions per case, once for all
//! backends.
//!
//! ```text
//!   case ──▶ Erased (this module) ──dyn──▶ Facets for Marker<Tokio> ──▶ Tokio
//! ```
//!
//! Every call still arrives at the backend: timers are the backend's timers, tasks are spawned by it,
//! sockets are its sockets. The difference is that a spawned future, a timer, a blocking call and a socket
//! are boxed on the way, so the compiler does not see the backend's own types. The modules of cases that
//! check a facet's contract are generic for that reason; the documentation of `anyrt-conformance` lists
//! them.
//!
//! The marker type has no data, so it finds the backend in a static: a test program mounts one backend, in
//! any number of configurations.
//!
//! | file | what it forwards |
//! | --- | --- |
//! | `facets.rs` | the object-safe twins of `Spawn`, `Time` and `Blocking`, and the static |
//! | `enter.rs` | `Enter`: [`Backend`] |
//! | `runtime.rs` | `Spawn`, `Time` and `Blocking` for [`Erased`] |
//! | `net.rs` | `Net`, for backends with sockets of any kind |
//! | `os.rs` | `Descriptors`, for backends that wait for descriptors |

mod enter;
mod facets;
mod net;
#[cfg(any(unix, windows))]
mod os;
mod runtime;

pub use self::enter::Backend;
pub use self::facets::mount;
pub use self::net::{AnySocket, mount_net};
#[cfg(any(unix, windows))]
pub use self::os::{AnySource, mount_descriptors};
pub use self::runtime::{Call, Erased, Handle, Timer};

/// The runtime that cases run on, under a name as short as a type parameter.
pub type R = Erased<AnySocket>;

/// The same backend, with sockets that are descriptors of the operating system.
#[cfg(any(unix, windows))]
pub type OsBackend = Backend<anyrt_core::net::OsSocket<AnySource>>;

/// The runtime of an [`OsBackend`].
#[cfg(any(unix, windows))]
pub type OsR = Erased<anyrt_core::net::OsSocket<AnySource>>;
