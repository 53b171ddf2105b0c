//! Unix sockets: the types and functions of `anyrt_core::net` for the ambient runtime.

use anyrt_core::net::{self, UnixAddress};

use crate::Ambient;
use crate::futures::ConnectUnix;

/// A connection through a Unix socket.
pub type UnixStream = net::UnixStream<Ambient>;

/// A Unix socket that accepts connections.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::{UnixListenOptions, UnixListener};
/// use std::os::unix::net::UnixStream;
///
/// anyrt::run(async {
///     let path = std::env::temp_dir().join(format!("anyrt-doc-l-{}", std::process::id()));
///     let private = UnixListenOptions::new().mode(0o600);
///     let listener = UnixListener::bind_with(&*path, &private)?;
///     let _client = UnixStream::connect(&path)?;
///     listener.accept().await?;
///     std::fs::remove_file(path)
/// })
/// .unwrap();
/// ```
pub type UnixListener = net::UnixListener<Ambient>;

/// A Unix datagram socket that exchanges packets with any peer.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::UnixDatagram;
///
/// anyrt::run(async {
///     let path = std::env::temp_dir().join(format!("anyrt-doc-{}", std::process::id()));
///     let server = UnixDatagram::bind(&*path)?;
///     UnixDatagram::unbound()?.send_to(b"note", &*path).await?;
///     let (packet, from) = server.receive_from(100).await?;
///     assert_eq!(packet, b"note");
///     assert_eq!(from.as_path(), None);
///     std::fs::remove_file(path)
/// })
/// .unwrap();
/// ```
pub type UnixDatagram = net::UnixDatagram<Ambient>;

/// A Unix datagram socket with one peer.
pub type ConnectedUnixDatagram = net::ConnectedUnixDatagram<Ambient>;

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
