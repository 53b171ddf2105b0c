use std::io;
use std::os::fd::OwnedFd;

use super::Socket;

/// A [`Socket`] that a descriptor of the operating system can become.
pub trait AdoptSocket: Socket {
    /// Takes a descriptor over. It does not block from then on, which others that share it notice,
    /// and programs that are started later do not inherit it.
    ///
    /// # Errors
    ///
    /// What the system says if it is no socket, or cannot be registered.
    fn adopt(descriptor: OwnedFd) -> io::Result<Self>;

    /// Gives the descriptor back, which still does not block.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn into_descriptor(self) -> io::Result<OwnedFd>;
}
