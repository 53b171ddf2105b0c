//! Sockets from descriptors that exist already.

use std::io;
use std::os::fd::OwnedFd;

use super::Socket;

/// A [`Socket`] that can be created from a descriptor of the operating system.
pub trait AdoptSocket: Socket {
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
