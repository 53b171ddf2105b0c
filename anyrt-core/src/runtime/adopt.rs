//! Sockets that are descriptors, and sockets from descriptors that exist already.

use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedFd;

use super::{Socket, Source};

/// A [`Socket`] that can be created from a descriptor of the operating system, and has one.
///
/// A marker that represents several runtimes may have sockets without a descriptor too: for them, and where their
/// runtime is the current one, the errors are [`Unsupported`](io::ErrorKind::Unsupported).
pub trait AdoptSocket: Socket {
    /// The registered descriptor of a socket.
    type Source: Source;

    /// Returns the registered descriptor, for calls that only some sockets support.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the socket has none.
    fn source(&self) -> io::Result<&Self::Source>;

    /// Takes ownership of a descriptor. It is set to non-blocking, which affects others that share it, and to
    /// close-on-exec, so that programs that are started later do not inherit it.
    ///
    /// # Errors
    ///
    /// The error of the operating system if it is not a socket, or cannot be registered.
    fn adopt(descriptor: OwnedFd) -> io::Result<Self>;

    /// Returns the descriptor, which stays non-blocking.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn into_descriptor(self) -> io::Result<OwnedFd>;
}
