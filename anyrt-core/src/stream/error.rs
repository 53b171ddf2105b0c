use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error as ThisError;

/// An object could not be sent; here it is.
#[non_exhaustive]
pub enum SendError<T> {
    /// The other side is gone: nobody will ever receive it.
    Broken(T),
    /// This handle was closed by its owner.
    Closed(T),
}

impl<T> SendError<T> {
    /// The object that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            SendError::Broken(item) | SendError::Closed(item) => item,
        }
    }

    /// Whether the other side is gone.
    pub fn is_broken(&self) -> bool {
        matches!(self, SendError::Broken(_))
    }

    /// Whether this handle was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self, SendError::Closed(_))
    }

    /// The same without the object.
    pub(crate) fn without_item(self) -> SendError<()> {
        match self {
            SendError::Broken(_) => SendError::Broken(()),
            SendError::Closed(_) => SendError::Closed(()),
        }
    }
}

/// An object could not be sent without waiting; here it is.
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room, and nobody waits for an object.
    WouldBlock(T),
    /// The other side is gone: nobody will ever receive it.
    Broken(T),
    /// This handle was closed by its owner.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The object that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::WouldBlock(item)
            | TrySendError::Broken(item)
            | TrySendError::Closed(item) => item,
        }
    }

    /// Whether it would have had to wait.
    pub fn is_would_block(&self) -> bool {
        matches!(self, TrySendError::WouldBlock(_))
    }

    /// Whether the other side is gone.
    pub fn is_broken(&self) -> bool {
        matches!(self, TrySendError::Broken(_))
    }

    /// Whether this handle was closed.
    pub fn is_closed(&self) -> bool {
        matches!(self, TrySendError::Closed(_))
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(error: SendError<T>) -> Self {
        match error {
            SendError::Broken(item) => TrySendError::Broken(item),
            SendError::Closed(item) => TrySendError::Closed(item),
        }
    }
}

/// No object can be received any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ReceiveError {
    /// All senders are gone, and everything that they sent was received.
    #[error("{ENDED}")]
    EndOfStream,
    /// This handle was closed by its owner.
    #[error("{CLOSED}")]
    Closed,
}

/// No object could be received without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum TryReceiveError {
    /// The stream is empty, and nobody waits to send.
    #[error("there is nothing to receive yet")]
    WouldBlock,
    /// All senders are gone, and everything that they sent was received.
    #[error("{ENDED}")]
    EndOfStream,
    /// This handle was closed by its owner.
    #[error("{CLOSED}")]
    Closed,
}

impl From<ReceiveError> for TryReceiveError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::EndOfStream => TryReceiveError::EndOfStream,
            ReceiveError::Closed => TryReceiveError::Closed,
        }
    }
}

// The objects need not be `Debug`: these errors are about the stream.

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Broken(_) => "Broken(..)",
            SendError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Broken(_) => BROKEN,
            SendError::Closed(_) => CLOSED,
        })
    }
}

impl<T> Error for SendError<T> {}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::WouldBlock(_) => "WouldBlock(..)",
            TrySendError::Broken(_) => "Broken(..)",
            TrySendError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::WouldBlock(_) => "there is no room to send yet",
            TrySendError::Broken(_) => BROKEN,
            TrySendError::Closed(_) => CLOSED,
        })
    }
}

impl<T> Error for TrySendError<T> {}

impl<T> From<SendError<T>> for io::Error {
    fn from(error: SendError<T>) -> Self {
        let error = error.without_item();
        let kind = match error {
            SendError::Broken(()) => io::ErrorKind::BrokenPipe,
            SendError::Closed(()) => io::ErrorKind::NotConnected,
        };
        io::Error::new(kind, error)
    }
}

impl From<ReceiveError> for io::Error {
    fn from(error: ReceiveError) -> Self {
        let kind = match error {
            ReceiveError::EndOfStream => io::ErrorKind::UnexpectedEof,
            ReceiveError::Closed => io::ErrorKind::NotConnected,
        };
        io::Error::new(kind, error)
    }
}

/// Whether a byte stream has ended: its peer sends no more.
///
/// Reading gives 0 bytes then; [`receive`](super::ByteReceiveStreamExt::receive) and its kin make
/// this error of it.
pub fn is_end_of_stream(error: &io::Error) -> bool {
    inner(error) == Some(&ReceiveError::EndOfStream)
}

/// Whether the peer of a byte stream is gone, or the connection was cut off.
pub fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

/// Whether this side of a byte stream was closed by its owner.
pub fn is_closed(error: &io::Error) -> bool {
    inner(error) == Some(&ReceiveError::Closed)
        || inner(error).is_some_and(SendError::<()>::is_closed)
}

fn inner<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

const ENDED: &str = "the stream has ended";
const BROKEN: &str = "nobody is left to receive";
const CLOSED: &str = "this handle of the stream was closed";
