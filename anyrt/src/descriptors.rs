//! Waiting until a descriptor of the operating system is ready, for descriptors that other code uses.

use std::io;
use std::os::fd::AsFd;

use anyrt_core::descriptors as core;

pub use anyrt_core::descriptors::notify_closing;

use crate::Ambient;

/// Waits until a descriptor can be read without blocking: there is data, the end, a connection to
/// accept, or a pending error.
///
/// It is for descriptors that other code reads: a library in C, a device. It returns soon if the
/// descriptor is readable already. Any number of tasks may wait for one descriptor, and the runtime may
/// already use it. Its blocking mode is not changed.
///
/// On tokio, a pending error alone does not end the wait, such as the error of a connected UDP socket
/// without a peer; the next event ends it.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Errors
///
/// - [Closed](crate::stream::is_closed) if [`notify_closing`] is called meanwhile.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for regular files and directories, which Linux cannot
///   wait for: they are always ready.
/// - The error of the operating system, or that there is no runtime.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use std::io::{Read, Write};
///
/// let (mut reader, mut writer) = std::io::pipe()?;
/// writer.write_all(b"some")?;
/// anyrt::run(anyrt::descriptors::wait_readable(&reader))?;
/// let mut buffer = [0; 4];
/// reader.read_exact(&mut buffer)?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_readable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    core::wait_readable::<Ambient>(descriptor)
}

/// Waits until a descriptor can be written without blocking: there is space, a connection is
/// established, or there is a pending error.
///
/// Apart from that it works like [`wait_readable`].
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect.
///
/// # Errors
///
/// As for [`wait_readable`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// let (_reader, writer) = std::io::pipe()?;
/// anyrt::run(anyrt::descriptors::wait_writable(&writer))?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_writable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    core::wait_writable::<Ambient>(descriptor)
}
