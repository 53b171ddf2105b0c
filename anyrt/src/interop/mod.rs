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
//!   and async-std are `futures::io` streams, which [`Bare`](crate::stream::Bare) makes byte
//!   streams of; those of tokio take `tokio_io::FromTokio`, and run on the backend tokio alone.
//! - A native socket becomes one of anyrt by way of the standard library. On Unix systems the
//!   sockets in `anyrt::net` have a function `adopt`, which takes a `std::net::TcpStream` and its
//!   like, and every `OwnedFd`. To get there, tokio's sockets have `into_std`, those of async-std
//!   `TryFrom`, and those of smol are an `Arc<smol::Async<_>>`, with `smol::Async::into_inner`.
//!   From then on the socket works on the backend that adopted it.
//! - The way back is the same: streams and listeners of anyrt have `into_descriptor`, of which a
//!   socket of the standard library is made, and of that the native one (`from_std`, `From`,
//!   `TryFrom`).
//! - Runtimes of tokio that are there already are taken by `anyrt::tokio::Builder::from_handle`; the
//!   global executors of smol and async-std are `Handle::global` of `anyrt::smol` and
//!   `anyrt::async_std`.

#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "tokio-io")]
pub mod tokio_io;
#[cfg(feature = "tower")]
pub mod tower;
