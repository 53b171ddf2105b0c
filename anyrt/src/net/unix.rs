//! Unix sockets: the types and functions of `anyrt_core::net` for the ambient runtime.

use anyrt_core::net::{self, UnixAddress};

use crate::Ambient;
use crate::futures::ConnectUnix;

/// A Unix socket to connect to.
pub type UnixConnectable = net::UnixConnectable<Ambient>;

/// Connects to a Unix socket: by its path, or by a [`UnixAddress`].
///
/// It waits while the queue of the listener is full. Linux does not report when there is space again, so
/// the connection is retried every few milliseconds.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and no socket stays
/// open.
///
/// # Errors
///
/// Returns an error with a [`ConnectError`](super::ConnectError) inside:
///
/// - [`NotFound`](std::io::ErrorKind::NotFound) if there is nothing at the path;
/// - [`ConnectionRefused`](std::io::ErrorKind::ConnectionRefused) if the listener at the path is closed,
///   and for an abstract name that is not in use;
/// - [`InvalidInput`](std::io::ErrorKind::InvalidInput) for an unnamed address.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use std::io::ErrorKind;
///
/// use anyrt::net::connect_unix;
///
/// let error = anyrt::run(connect_unix("/nobody/is/here.sock")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn connect_unix(address: impl Into<UnixAddress>) -> ConnectUnix {
    net::connect_unix(address)
}
