//! What an error means to those who accept connections, or listen at several addresses.

use std::io;

use super::errors;

/// What an error while accepting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptError {
    /// One connection, which is lost.
    Connection,
    /// A lack of descriptors or memory, which may pass.
    Resources,
    /// The listener.
    Listener,
}

impl AcceptError {
    pub(super) fn of(error: &io::Error) -> AcceptError {
        let of_a_connection = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
        );
        if of_a_connection || errors::is_of_a_connection(error) {
            AcceptError::Connection
        } else if error.kind() == io::ErrorKind::OutOfMemory || errors::is_lack_of_resources(error)
        {
            AcceptError::Resources
        } else {
            AcceptError::Listener
        }
    }
}
