//! Structured concurrency and I/O for Rust: the same code runs on tokio, async-std or smol.
//!
//! ```no_run
//! #[anyrt::main]
//! async fn main() {
//!     println!("running on {}", anyrt::Backend::current().expect("inside a run"));
//! }
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `tokio` | the backend [tokio](https://docs.rs/tokio), and the module `anyrt::tokio` with conversions |
//! | `smol` | the backend [smol](https://docs.rs/smol), and the module `anyrt::smol` with conversions |
//! | `async-std` | the backend async-std (discontinued, RUSTSEC-2025-0052), and `anyrt::async_std` |
//!
//! None is on by default: libraries enable none, applications enable the one that they run on.
//! Features are additive. With several, a run chooses: see [`Builder`].
//!
//! # How code finds its backend
//!
//! What anyrt itself runs knows its backend. Elsewhere, in this order: tokio if the thread is inside
//! a tokio runtime, async-std if it polls one of its tasks, then smol and async-std, whose
//! executors and reactors are global. So anyrt works in applications that started a runtime of
//! their own. With one feature on, there is nothing to find, and the calls are direct.

mod ambient;
mod backend;
mod entry;

#[doc(hidden)]
pub mod __private;

pub use self::ambient::{Ambient, AmbientCall, AmbientHandle, AmbientTimer};
pub use self::backend::{Backend, ParseBackendError};
pub use self::entry::{Builder, run, run_on};
pub use anyrt_core::{RunError, RunOptions};
pub use anyrt_macros::{main, test};

/// The backend async-std: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "async-std")]
pub use anyrt_async_std as async_std;
/// The backend smol: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "smol")]
pub use anyrt_smol as smol;
/// The backend tokio: its builder, its marker, and conversions from and to native objects.
#[cfg(feature = "tokio")]
pub use anyrt_tokio as tokio;
