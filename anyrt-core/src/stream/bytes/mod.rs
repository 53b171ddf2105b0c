//! Streams of bytes: the traits, and what can be done with all of them.

use std::io;

use futures_io::{AsyncRead, AsyncWrite};

pub use self::bare::Bare;
pub use self::half_close::HalfClose;
pub(super) use self::half_close::refuse_without_half_close;
pub use self::operations::{Close, ReceiveBytes, ReceiveInto, SendBytes, SendEof};
use super::Attributes;

mod bare;
mod half_close;
mod operations;

/// Something that bytes are received from.
///
/// Everything that is [`AsyncRead`], [`Attributes`], `Send` and `Unpin` is one; a foreign stream
/// without attributes becomes one in [`Bare`]. The poll methods are for combinators and foreign
/// code; [`ByteReceiveStreamExt`] has the operations.
///
/// # Contract
///
/// `anyrt_conformance::check_byte_stream` checks these for any pair of streams.
///
/// 1. Bytes MUST come out in the order in which they were sent, each once.
/// 2. After the last byte, when the peer has closed its sending side, reading MUST give 0 bytes,
///    again and again. Reading into an empty buffer is no question about the end.
/// 3. A read that is pending has taken nothing: dropping what polled it MUST lose no byte.
/// 4. A connection that was cut off MUST NOT look as if the peer had closed it.
pub trait ByteReceiveStream: AsyncRead + Attributes + Send + Unpin {}

/// Something that bytes are sent to. As [`ByteReceiveStream`] for the other direction.
///
/// # Contract
///
/// 1. Writing an empty buffer MUST NOT be taken for the end, and has no effect.
/// 2. [`poll_close`](AsyncWrite::poll_close) says that no more will come: the peer MUST receive
///    what was written before, and then the end. It closes this direction alone, and MUST be fine
///    with being called again. A stream that cannot end one direction alone MUST say so by
///    [`HalfClose`], and ends both.
/// 3. After it, writing MUST fail as [closed](super::is_closed).
/// 4. When the peer does not receive any more, writing MUST fail as [broken](super::is_broken)
///    sooner or later, and from then on.
/// 5. Dropping the stream closes it at once. What was not flushed MAY be lost.
pub trait ByteSendStream: AsyncWrite + Attributes + Send + Unpin {}

/// A stream of bytes in both directions, which are independent of one another.
pub trait ByteStream: ByteReceiveStream + ByteSendStream {}

impl<S: AsyncRead + Attributes + Send + Unpin + ?Sized> ByteReceiveStream for S {}
impl<S: AsyncWrite + Attributes + Send + Unpin + ?Sized> ByteSendStream for S {}
impl<S: ByteReceiveStream + ByteSendStream + ?Sized> ByteStream for S {}

/// The operations of [`ByteReceiveStream`].
pub trait ByteReceiveStreamExt: ByteReceiveStream {
    /// Receives some bytes: at least one, at most `max`, and never more than 64 KiB at a time.
    ///
    /// [`receive_into`](ByteReceiveStreamExt::receive_into) does without the allocation.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [End of stream](super::is_end_of_stream) if the peer has closed its side.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `max` is 0.
    /// - What the stream itself reports.
    fn receive(&mut self, max: usize) -> ReceiveBytes<'_, Self> {
        ReceiveBytes::new(self, max)
    }

    /// Receives some bytes into a buffer, and says how many: at least one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// As [`receive`](ByteReceiveStreamExt::receive); an empty buffer counts as a `max` of 0.
    fn receive_into<'a>(&'a mut self, buffer: &'a mut [u8]) -> ReceiveInto<'a, Self> {
        ReceiveInto::new(self, buffer)
    }
}

/// The operations of [`ByteSendStream`].
pub trait ByteSendStreamExt: ByteSendStream {
    /// Sends all of the bytes, and flushes.
    ///
    /// # Cancel safety
    ///
    /// **Not** cancel safe: dropping it may leave a part of the bytes sent, and there is no way to
    /// find out how many. Send nothing more then, or frame messages so that the peer can tell.
    ///
    /// # Errors
    ///
    /// - [Closed](super::is_closed) after [`send_eof`](ByteSendStreamExt::send_eof), also for no
    ///   bytes.
    /// - [Broken](super::is_broken) if the peer does not receive any more.
    /// - What the stream itself reports.
    fn send<'a>(&'a mut self, bytes: &'a [u8]) -> SendBytes<'a, Self> {
        SendBytes::new(self, bytes)
    }

    /// Says that no more will come: the peer receives what was sent, and then the end of the
    /// stream. Receiving goes on. Saying so again is fine.
    ///
    /// # Cancel safety
    ///
    /// Dropping it may leave the end said, or not; it can be said again.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](io::ErrorKind::Unsupported) if the stream cannot end one direction alone
    ///   (see [`HalfClose`]); it can be used as before.
    /// - What the stream itself reports.
    fn send_eof(&mut self) -> SendEof<'_, Self> {
        SendEof::new(self)
    }

    /// Closes the stream in good order: says that no more will come, and drops it.
    ///
    /// Dropping it alone closes it too, but what has not left it yet may be lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the stream at once.
    ///
    /// # Errors
    ///
    /// What the stream itself reports; it is closed all the same.
    fn close(self) -> Close<Self>
    where
        Self: Sized,
    {
        Close::new(self)
    }
}

impl<S: ByteReceiveStream + ?Sized> ByteReceiveStreamExt for S {}
impl<S: ByteSendStream + ?Sized> ByteSendStreamExt for S {}

/// How much is received at once at most.
const CHUNK: usize = 64 * 1024;

/// Refuses to receive nothing, which could not be told from the end.
fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "at least one byte has to be asked for",
        ));
    }
    Ok(())
}
