//! What Unix systems have beside, with the ambient runtime filled in.

use std::io;
use std::os::fd::AsFd;

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
/// - [`NotFound`](io::ErrorKind::NotFound) if there is nothing at the path;
/// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if nobody listens there any more, and for
///   an abstract name that nobody has;
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for an unnamed address.
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

/// Waits until a descriptor can be read without blocking: there is data, the end, a connection to
/// accept, or an error to be told.
///
/// It is for descriptors that other code reads: a library in C, a device. If it is readable
/// already, this returns soon. Any number of tasks may wait for one descriptor, and it may be one
/// that the runtime knows already. Whether it blocks is left as it is.
///
/// On tokio an error alone is not told, such as a connected UDP socket has whose peer is not there;
/// what comes after it ends the wait.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
///
/// # Errors
///
/// - [Closed](crate::stream::is_closed) if [`notify_closing`](super::notify_closing) is called meanwhile.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for regular files and directories, which Linux does
///   not wait for: they count as ready always.
/// - What the system says, or that there is no runtime.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use std::io::{Read, Write};
///
/// let (mut reader, mut writer) = std::io::pipe()?;
/// writer.write_all(b"some")?;
/// anyrt::run(anyrt::net::wait_readable(&reader))?;
/// let mut buffer = [0; 4];
/// reader.read_exact(&mut buffer)?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_readable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    net::wait_readable::<Ambient>(descriptor)
}

/// Waits until a descriptor can be written without blocking: there is room, a connection has been
/// made, or there is an error to be told.
///
/// Apart from that it is as [`wait_readable`].
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
///
/// # Errors
///
/// As [`wait_readable`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// let (_reader, writer) = std::io::pipe()?;
/// anyrt::run(anyrt::net::wait_writable(&writer))?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_writable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    net::wait_writable::<Ambient>(descriptor)
}
