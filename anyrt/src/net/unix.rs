//! Unix sockets, with the ambient runtime filled in.

use anyrt_core::net::{self, UnixAddress};

use crate::Ambient;
use crate::futures::ConnectUnix;

/// A Unix socket to connect to.
pub type UnixConnectable = net::UnixConnectable<Ambient>;

/// Connects to a Unix socket: by its path, or by a [`UnixAddress`].
///
/// It waits while the queue of the listener is full. Linux gives no sign when there is room again,
/// so it tries every few milliseconds then.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing stays
/// open.
///
/// # Errors
///
/// With a [`ConnectError`](super::ConnectError) inside:
///
/// - [`NotFound`](std::io::ErrorKind::NotFound) if there is nothing at the path;
/// - [`ConnectionRefused`](std::io::ErrorKind::ConnectionRefused) if nobody listens there any more, and for
///   an abstract name that nobody has;
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
