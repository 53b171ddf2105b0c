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

/// A stream ended before all that was asked for had come. What came is still buffered.
///
/// Inside of an [`io::Error`] of the kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("the stream ended too early; {buffered} bytes of what was asked for are buffered")]
pub struct IncompleteRead {
    buffered: usize,
}

impl IncompleteRead {
    pub(crate) fn with(buffered: usize) -> IncompleteRead {
        IncompleteRead { buffered }
    }

    /// How many bytes had come.
    pub fn buffered(&self) -> usize {
        self.buffered
    }
}

/// A delimiter was not found where it had to be. What was looked at is still buffered.
///
/// Inside of an [`io::Error`] of the kind [`InvalidData`](io::ErrorKind::InvalidData).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("more than {max} bytes came before the delimiter: allow more, or close the stream")]
pub struct DelimiterNotFound {
    max: usize,
}

impl DelimiterNotFound {
    pub(super) fn within(max: usize) -> DelimiterNotFound {
        DelimiterNotFound { max }
    }

    /// How many bytes were allowed to come before it.
    pub fn max(&self) -> usize {
        self.max
    }
}

/// What was received is not UTF-8. All text before that place was received; the bytes from there
/// on are still buffered.
///
/// Inside of an [`io::Error`] of the kind [`InvalidData`](io::ErrorKind::InvalidData).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error(
    "the stream is no text in UTF-8: after {valid_up_to} bytes it {}",
    if *.at_the_end { "ends inside a character" } else { "has one that begins no character" }
)]
pub struct InvalidUtf8 {
    valid_up_to: u64,
    at_the_end: bool,
}

impl InvalidUtf8 {
    pub(super) fn new(valid_up_to: u64, at_the_end: bool) -> InvalidUtf8 {
        InvalidUtf8 {
            valid_up_to,
            at_the_end,
        }
    }

    /// How many bytes of the stream, from its beginning, were text; in other words, where the byte
    /// stands that begins no character.
    pub fn valid_up_to(&self) -> u64 {
        self.valid_up_to
    }

    /// Whether the stream ended inside of a character, which was fine up to there.
    pub fn is_at_the_end(&self) -> bool {
        self.at_the_end
    }
}

impl From<IncompleteRead> for io::Error {
    fn from(error: IncompleteRead) -> Self {
        io::Error::new(io::ErrorKind::UnexpectedEof, error)
    }
}

impl From<DelimiterNotFound> for io::Error {
    fn from(error: DelimiterNotFound) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

impl From<InvalidUtf8> for io::Error {
    fn from(error: InvalidUtf8) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
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

/// Whether a byte stream ended in the middle of what was asked for; see [`IncompleteRead`].
pub fn is_incomplete_read(error: &io::Error) -> bool {
    inner::<IncompleteRead>(error).is_some()
}

/// Whether a delimiter was not found where it had to be; see [`DelimiterNotFound`].
pub fn is_delimiter_not_found(error: &io::Error) -> bool {
    inner::<DelimiterNotFound>(error).is_some()
}

/// Whether what was received is not text; see [`InvalidUtf8`].
pub fn is_invalid_utf8(error: &io::Error) -> bool {
    inner::<InvalidUtf8>(error).is_some()
}

fn inner<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

const ENDED: &str = "the stream has ended";
const BROKEN: &str = "nobody is left to receive";
const CLOSED: &str = "this handle of the stream was closed";
