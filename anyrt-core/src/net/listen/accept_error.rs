//! Classification of errors while accepting: used by accepting, which skips some, and by serving.

use std::io;

use super::errors;

/// The cause of an error while accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptError {
    /// One connection, which is lost. The next one is accepted.
    Connection,
    /// A lack of descriptors or memory, which may be temporary.
    Resources,
    /// The listener itself, which is broken.
    Listener,
}

impl AcceptError {
    /// Classifies an error by its kind and its number.
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
