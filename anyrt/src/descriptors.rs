//! Waiting for descriptors of the operating system that other code reads and writes.

use std::io;
use std::os::fd::AsFd;

use anyrt_core::descriptors as core;

pub use anyrt_core::descriptors::notify_closing;

use crate::Ambient;

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
/// - [Closed](crate::stream::is_closed) if [`notify_closing`] is called meanwhile.
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
/// anyrt::run(anyrt::descriptors::wait_readable(&reader))?;
/// let mut buffer = [0; 4];
/// reader.read_exact(&mut buffer)?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_readable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    core::wait_readable::<Ambient>(descriptor)
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
/// anyrt::run(anyrt::descriptors::wait_writable(&writer))?;
/// # std::io::Result::Ok(())
/// ```
pub fn wait_writable(descriptor: impl AsFd + Send) -> impl Future<Output = io::Result<()>> + Send {
    core::wait_writable::<Ambient>(descriptor)
}
