//! The errors of streams, and functions that recognize them inside an [`io::Error`].

use std::error::Error;
use std::fmt;
use std::io;

use thiserror::Error as ThisError;

/// Error: an object could not be sent. Contains the object.
#[non_exhaustive]
pub enum SendError<T> {
    /// The other side is closed, so the object would never be received.
    Broken(T),
    /// This handle was closed by its owner.
    Closed(T),
}

impl<T> SendError<T> {
    /// Returns the object that was not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// drop(receiver);
    /// let error = sender.send("word").await.unwrap_err();
    /// assert_eq!(error.into_inner(), "word", "nothing is lost");
    /// # });
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            SendError::Broken(item) | SendError::Closed(item) => item,
        }
    }

    /// Returns whether the other side is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// drop(receiver);
    /// assert!(sender.send(1).await.unwrap_err().is_broken());
    /// # });
    /// ```
    pub fn is_broken(&self) -> bool {
        matches!(self, SendError::Broken(_))
    }

    /// Returns whether this handle was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (sender, _receiver) = anyrt::memory_object_stream(1);
    /// sender.close();
    /// assert!(sender.send(1).await.unwrap_err().is_closed());
    /// # });
    /// ```
    pub fn is_closed(&self) -> bool {
        matches!(self, SendError::Closed(_))
    }

    /// Returns the same error without the object.
    pub(crate) fn without_item(self) -> SendError<()> {
        match self {
            SendError::Broken(_) => SendError::Broken(()),
            SendError::Closed(_) => SendError::Closed(()),
        }
    }
}

/// Error: an object could not be sent without waiting. Contains the object.
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room, and no receiver waits.
    WouldBlock(T),
    /// The other side is closed, so the object would never be received.
    Broken(T),
    /// This handle was closed by its owner.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// Returns the object that was not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = anyrt::memory_object_stream(1);
    /// sender.try_send("first").unwrap();
    /// assert_eq!(sender.try_send("second").unwrap_err().into_inner(), "second");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::WouldBlock(item)
            | TrySendError::Broken(item)
            | TrySendError::Closed(item) => item,
        }
    }

    /// Returns whether the call would have had to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = anyrt::memory_object_stream(1);
    /// sender.try_send(1).unwrap();
    /// assert!(sender.try_send(2).unwrap_err().is_would_block());
    /// ```
    pub fn is_would_block(&self) -> bool {
        matches!(self, TrySendError::WouldBlock(_))
    }

    /// Returns whether the other side is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// drop(receiver);
    /// assert!(sender.try_send(1).unwrap_err().is_broken());
    /// ```
    pub fn is_broken(&self) -> bool {
        matches!(self, TrySendError::Broken(_))
    }

    /// Returns whether this handle was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = anyrt::memory_object_stream(1);
    /// sender.close();
    /// assert!(sender.try_send(1).unwrap_err().is_closed());
    /// ```
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

/// Error: no more objects can be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ReceiveError {
    /// All senders are closed, and every object has been received.
    #[error("{ENDED}")]
    EndOfStream,
    /// This handle was closed by its owner.
    #[error("{CLOSED}")]
    Closed,
}

/// Error: no object could be received without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum TryReceiveError {
    /// The stream is empty, and no sender waits.
    #[error("there is nothing to receive yet")]
    WouldBlock,
    /// All senders are closed, and every object has been received.
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

// Implemented by hand, since the objects need not be `Debug`.

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

/// Error: the stream ended before the requested bytes arrived. The bytes that did arrive stay in the buffer.
///
/// Found inside an [`io::Error`] of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("the stream ended too early: {buffered} of the requested bytes are buffered")]
pub struct IncompleteRead {
    buffered: usize,
}

impl IncompleteRead {
    pub(crate) fn with(buffered: usize) -> IncompleteRead {
        IncompleteRead { buffered }
    }

    /// Returns the incomplete read inside an [`io::Error`], or `None` if it has another cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::IncompleteRead;
    ///
    /// let other = std::io::Error::other("nothing of a stream");
    /// assert!(IncompleteRead::of(&other).is_none());
    /// ```
    pub fn of(error: &io::Error) -> Option<&IncompleteRead> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the number of bytes that arrived.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, IncompleteRead, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(b"to").await.unwrap();
    /// drop(sender);
    /// let error = BufferedByteStream::new(receiver).receive_exactly(5).await.unwrap_err();
    /// let error = IncompleteRead::of(&error).unwrap();
    /// assert_eq!(error.buffered(), 2);
    /// # });
    /// ```
    pub fn buffered(&self) -> usize {
        self.buffered
    }
}

/// Error: a delimiter was not found within the limit. The bytes that were searched stay in the buffer.
///
/// Found inside an [`io::Error`] of kind [`InvalidData`](io::ErrorKind::InvalidData).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("more than {max} bytes came before the delimiter: allow more, or close the stream")]
pub struct DelimiterNotFound {
    max: usize,
}

impl DelimiterNotFound {
    pub(super) fn within(max: usize) -> DelimiterNotFound {
        DelimiterNotFound { max }
    }

    /// Returns the missing delimiter inside an [`io::Error`], or `None` if it has another cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::DelimiterNotFound;
    ///
    /// let other = std::io::Error::other("nothing of a stream");
    /// assert!(DelimiterNotFound::of(&other).is_none());
    /// ```
    pub fn of(error: &io::Error) -> Option<&DelimiterNotFound> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the number of bytes that were allowed before the delimiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, DelimiterNotFound, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(b"no end in sight").await.unwrap();
    /// let error = BufferedByteStream::new(receiver).receive_until(b"\n", 8).await.unwrap_err();
    /// let error = DelimiterNotFound::of(&error).unwrap();
    /// assert_eq!(error.max(), 8);
    /// # });
    /// ```
    pub fn max(&self) -> usize {
        self.max
    }
}

/// Error: received bytes are not UTF-8. All text before them has been received; the bytes themselves stay in
/// the buffer.
///
/// Found inside an [`io::Error`] of kind [`InvalidData`](io::ErrorKind::InvalidData).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error(
    "the stream is not valid UTF-8: after {valid_up_to} bytes it {}",
    if *.at_the_end { "ends inside a character" } else { "has an invalid byte" }
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

    /// Returns the error of the encoding inside an [`io::Error`], or `None` if it has another cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::InvalidUtf8;
    ///
    /// let other = std::io::Error::other("nothing of a stream");
    /// assert!(InvalidUtf8::of(&other).is_none());
    /// ```
    pub fn of(error: &io::Error) -> Option<&InvalidUtf8> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the number of valid bytes from the beginning of the stream, which is also the position of the
    /// first invalid byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, InvalidUtf8, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(b"to\xff").await.unwrap();
    /// let mut text = TextStream::new(receiver);
    /// assert_eq!(text.receive().await.unwrap(), "to");
    /// let error = text.receive().await.unwrap_err();
    /// let error = InvalidUtf8::of(&error).unwrap();
    /// assert_eq!(error.valid_up_to(), 2);
    /// # });
    /// ```
    pub fn valid_up_to(&self) -> u64 {
        self.valid_up_to
    }

    /// Returns whether the stream ended inside a character that was valid so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteSendStreamExt, InvalidUtf8, TextStream, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = memory_byte_pipe(16);
    /// sender.send(&"é".as_bytes()[..1]).await.unwrap();
    /// drop(sender);
    /// let error = TextStream::new(receiver).receive().await.unwrap_err();
    /// let error = InvalidUtf8::of(&error).unwrap();
    /// assert!(error.is_at_the_end());
    /// # });
    /// ```
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

/// Returns whether an error reports the end of a byte stream: the peer sends no more.
///
/// A plain read returns 0 bytes then; [`receive`](super::ByteReceiveStreamExt::receive) and similar methods
/// return this error instead.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteReceiveStreamExt, is_end_of_stream, memory_byte_pipe};
///
/// # anyrt::run(async {
/// let (sender, mut receiver) = memory_byte_pipe(16);
/// drop(sender);
/// assert!(is_end_of_stream(&receiver.receive(16).await.unwrap_err()));
/// # });
/// ```
pub fn is_end_of_stream(error: &io::Error) -> bool {
    inner(error) == Some(&ReceiveError::EndOfStream)
}

/// Returns whether an error reports that the peer of a byte stream is gone, or that the connection is broken.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteSendStreamExt, is_broken, memory_byte_pipe};
///
/// # anyrt::run(async {
/// let (mut sender, receiver) = memory_byte_pipe(16);
/// drop(receiver);
/// assert!(is_broken(&sender.send(b"to be").await.unwrap_err()));
/// # });
/// ```
pub fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

/// Returns whether an error reports that this side of a byte stream was closed by its owner.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteSendStreamExt, is_closed, memory_byte_stream};
///
/// # anyrt::run(async {
/// let (mut stream, _peer) = memory_byte_stream(16);
/// stream.send_eof().await.unwrap();
/// assert!(is_closed(&stream.send(b"to be").await.unwrap_err()));
/// # });
/// ```
pub fn is_closed(error: &io::Error) -> bool {
    inner(error) == Some(&ReceiveError::Closed)
        || inner(error).is_some_and(SendError::<()>::is_closed)
}

/// Returns whether an error reports that a byte stream ended within requested bytes; see [`IncompleteRead`].
///
/// # Examples
///
/// ```
/// use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, is_incomplete_read, memory_byte_pipe};
///
/// # anyrt::run(async {
/// let (mut sender, receiver) = memory_byte_pipe(16);
/// sender.send(b"to").await.unwrap();
/// drop(sender);
/// let error = BufferedByteStream::new(receiver).receive_exactly(5).await.unwrap_err();
/// assert!(is_incomplete_read(&error));
/// # });
/// ```
pub fn is_incomplete_read(error: &io::Error) -> bool {
    inner::<IncompleteRead>(error).is_some()
}

/// Returns whether an error reports that a delimiter was not found within its limit; see
/// [`DelimiterNotFound`].
///
/// # Examples
///
/// ```
/// use anyrt::stream::{
///     BufferedByteStream, ByteSendStreamExt, is_delimiter_not_found, memory_byte_pipe,
/// };
///
/// # anyrt::run(async {
/// let (mut sender, receiver) = memory_byte_pipe(16);
/// sender.send(b"no end in sight").await.unwrap();
/// let error = BufferedByteStream::new(receiver).receive_until(b"\n", 8).await.unwrap_err();
/// assert!(is_delimiter_not_found(&error));
/// # });
/// ```
pub fn is_delimiter_not_found(error: &io::Error) -> bool {
    inner::<DelimiterNotFound>(error).is_some()
}

/// Returns whether an error reports received bytes that are not UTF-8; see [`InvalidUtf8`].
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteSendStreamExt, TextStream, is_invalid_utf8, memory_byte_pipe};
///
/// # anyrt::run(async {
/// let (mut sender, receiver) = memory_byte_pipe(16);
/// sender.send(b"\xff").await.unwrap();
/// assert!(is_invalid_utf8(&TextStream::new(receiver).receive().await.unwrap_err()));
/// # });
/// ```
pub fn is_invalid_utf8(error: &io::Error) -> bool {
    inner::<InvalidUtf8>(error).is_some()
}

fn inner<E: Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

const ENDED: &str = "the stream has ended";
const BROKEN: &str = "the receiving side of the stream is closed, so nothing more can be sent";
const CLOSED: &str = "this handle of the stream was closed";
