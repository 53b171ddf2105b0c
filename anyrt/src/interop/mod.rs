//! Adapters for crates that were written for another runtime, or for their own traits; each has a
//! feature.
//!
//! Byte streams of anyrt implement `futures::io::{AsyncRead, AsyncWrite}`: crates that are written for
//! those traits, such as `async-tungstenite`, accept them directly.
//!
//! | feature | module | for |
//! | --- | --- | --- |
//! | `tokio-io` | `tokio_io` | crates that accept `tokio::io::{AsyncRead, AsyncWrite}`, such as `tokio-postgres`; and streams that they return |
//! | `hyper` | `hyper` | serving and connecting with hyper 1 |
//! | `tower` | `tower` | services that connect, layers with time limits |
//! | `quinn` | `quinn` | QUIC with quinn |
//! | `hickory` | `hickory` | DNS with hickory |
//!
//! None of them needs a particular runtime, and all work on every backend. Adapters that start tasks
//! start them in a given group; adapters that wait use anyrt's clock.
//!
//! # Limitations
//!
//! A crate that calls `tokio::spawn`, `tokio::time` or `tokio::net` itself needs tokio, and so the
//! backend tokio. Wrapping its streams does not change that. The guide has a table of well-known crates.
//!
//! # Native objects
//!
//! Sockets of the standard library, and of a backend, can be converted in both directions, without
//! connecting anew:
//!
//! - A native stream that is only read and written needs no conversion, only the right trait. Those of smol
//!   and async-std are `futures::io` streams, which [`WithoutAttributes`](crate::stream::WithoutAttributes)
//!   turns into byte streams. Those of tokio are wrapped in `tokio_io::FromTokio`, and run on the backend
//!   tokio alone.
//! - A native socket becomes a socket of anyrt by way of the standard library. On Unix systems the
//!   sockets in `anyrt::net` have a function `adopt`, which accepts `std::net::TcpStream` and similar
//!   types, and every `OwnedFd`. Tokio's sockets convert to them with `into_std`, those of async-std
//!   with `TryFrom`; those of smol are an `Arc<smol::Async<_>>`, with `smol::Async::into_inner`. The
//!   socket then works on the backend that adopted it.
//! - For the other direction, streams and listeners of anyrt have `into_descriptor`. The descriptor
//!   converts to a socket of the standard library, and that to a native one (`from_std`, `From`,
//!   `TryFrom`).
//! - An existing tokio runtime is used with `anyrt::tokio::Builder::from_handle`. The global executors
//!   of smol and async-std are `Handle::global` of `anyrt::smol` and `anyrt::async_std`.
//!
//! # Adding an adapter
//!
//! Core depends on no runtime, not even for its traits, so adapters are here, one feature each. They are
//! wrappers that implement foreign traits and contain no decisions. Their poll methods are transparent to
//! cancellation, like those of streams. If a foreign buffer cannot be used without `unsafe`, the wrapper has
//! its own memory and copies once. `tests/interop` runs the real libraries, and real servers, on every
//! backend.

#[cfg(any(feature = "hyper", all(feature = "quinn", unix)))]
mod clock;
#[cfg(all(feature = "hickory", unix))]
pub mod hickory;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(all(feature = "quinn", unix))]
pub mod quinn;
#[cfg(feature = "tokio-io")]
pub mod tokio_io;
#[cfg(feature = "tower")]
pub mod tower;
