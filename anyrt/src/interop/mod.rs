//! Bridges to crates that were written for another runtime, or for traits of their own; each
//! behind a feature.
//!
//! Byte streams of anyrt are `futures::io::{AsyncRead, AsyncWrite}`: what is written for those, such
//! as `async-tungstenite`, takes them as they are.
//!
//! | feature | module | for |
//! | --- | --- | --- |
//! | `tokio-io` | `tokio_io` | crates that take `tokio::io::{AsyncRead, AsyncWrite}`, such as `tokio-postgres`; and streams that they return |
//! | `hyper` | `hyper` | serving and connecting with hyper 1 |
//! | `tower` | `tower` | services that connect, layers that keep time |
//!
//! None of them brings a runtime, and all work on every backend. What starts tasks starts them in a
//! group that it is given, and what waits for time waits for anyrt's clock.
//!
//! # What does not work
//!
//! A crate that calls `tokio::spawn`, `tokio::time` or `tokio::net` by itself needs tokio, and so
//! the backend tokio. No wrapper of its streams changes that.
//!
//! # Native objects
//!
//! Sockets of the standard library, and of a backend, come in and go out without being connected
//! anew:
//!
//! - A native stream that is used as it is needs no conversion, only the right trait: those of smol
//!   and async-std are `futures::io` streams, which
//!   [`Bare`](anyrt_core::stream::Bare) makes byte streams of; those of tokio take
//!   `tokio_io::FromTokio`. Each works on its own backend alone.
//! - A native socket that becomes an anyrt socket goes through the standard library:
//!   `tokio::net::TcpStream::into_std` and the `TryFrom` and `Into` conversions of the others give
//!   a `std::net::TcpStream`, which anyrt's socket types adopt. From then on it works on the
//!   backend that adopted it.
//! - The way back is the same: an anyrt socket gives its `std::net::TcpStream`, and the native type
//!   takes it over (`from_std`, `TryFrom`).
//! - Runtimes, their handles and their builders are converted by the backends: `anyrt::tokio`,
//!   `anyrt::smol`, `anyrt::async_std`.

#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "tokio-io")]
pub mod tokio_io;
#[cfg(feature = "tower")]
pub mod tower;
