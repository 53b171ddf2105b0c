//! Byte streams: the traits, and the operations on all of them.
//!
//! A byte stream is `AsyncRead` and `AsyncWrite` of the crate `futures-io`, plus attributes. So `dyn` works,
//! nothing is boxed, and foreign code can use it. The poll methods are transparent to cancellation. The
//! operations above them (`receive`, `send`) are cancel points, and named types.
//!
//! The contracts are on the traits, and `anyrt_conformance::check_byte_stream` checks them for any pair. One
//! wrapper type serves both directions: `BufferedByteStream<S>` and `TextStream<S>` send if `S` does.

use std::io;

use futures_io::{AsyncRead, AsyncWrite};

pub use self::half_close::HalfClose;
pub(super) use self::half_close::refuse_without_half_close;
pub use self::operations::{Close, ReceiveBytes, ReceiveInto, SendBytes, SendEof};
pub use self::without_attributes::WithoutAttributes;
use super::Attributes;

mod half_close;
mod operations;
mod without_attributes;

/// A stream that bytes are received from.
///
/// Implemented for every type that is [`AsyncRead`], [`Attributes`], `Send` and `Unpin`. Wrap a foreign
/// stream, which has no attributes, into [`WithoutAttributes`]. The poll methods are for combinators and foreign code;
/// [`ByteReceiveStreamExt`] has the operations.
///
/// # Contract
///
/// `anyrt_conformance::check_byte_stream` checks these rules for any pair of streams.
///
/// 1. Bytes MUST be received in the order in which they were sent, each of them once.
/// 2. When the peer has closed its sending side and all bytes have been received, every further read MUST
///    return 0 bytes. A read into an empty buffer returns 0 bytes too, and does not mean the end.
/// 3. A read that returns pending has consumed nothing: if the future that polled it is dropped, no byte MUST
///    be lost.
/// 4. A broken connection MUST NOT look as if the peer had closed it.
pub trait ByteReceiveStream: AsyncRead + Attributes + Send + Unpin {}

/// A stream that bytes are sent to; the counterpart of [`ByteReceiveStream`].
///
/// # Contract
///
/// 1. Writing an empty buffer MUST have no effect, and MUST NOT end the stream.
/// 2. [`poll_close`](AsyncWrite::poll_close) ends the sending direction: the peer MUST receive all bytes that
///    were written before, and then the end. It closes this direction only, and calling it again MUST have no
///    effect. A stream that cannot end one direction alone MUST report that by [`HalfClose`], and ends both.
/// 3. Afterwards, writing MUST fail as [closed](super::is_closed).
/// 4. When the peer no longer receives, writing MUST eventually fail as [broken](super::is_broken), and keep
///    failing.
/// 5. Dropping the stream closes it at once. Bytes that were not flushed MAY be lost.
pub trait ByteSendStream: AsyncWrite + Attributes + Send + Unpin {}

/// A stream of bytes in both directions, which are independent of each other.
pub trait ByteStream: ByteReceiveStream + ByteSendStream {}

impl<S: AsyncRead + Attributes + Send + Unpin + ?Sized> ByteReceiveStream for S {}
impl<S: AsyncWrite + Attributes + Send + Unpin + ?Sized> ByteSendStream for S {}
impl<S: ByteReceiveStream + ByteSendStream + ?Sized> ByteStream for S {}

/// The operations of [`ByteReceiveStream`].
pub trait ByteReceiveStreamExt: ByteReceiveStream {
    /// Receives some bytes: at least one, at most `max`, and never more than 64 KiB in one call.
    ///
    /// [`receive_into`](ByteReceiveStreamExt::receive_into) avoids the allocation.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was received.
    ///
    /// # Errors
    ///
    /// - [End of stream](super::is_end_of_stream) if the peer has closed its side.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `max` is 0.
    /// - Any other error of the stream.
    fn receive(&mut self, max: usize) -> ReceiveBytes<'_, Self> {
        ReceiveBytes::new(self, max)
    }

    /// Receives some bytes into a buffer, at least one, and returns their number.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was received.
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
    /// Sends all the bytes, and flushes.
    ///
    /// # Cancel safety
    ///
    /// This method is **not** cancel safe: if the future is dropped, a part of the bytes may have been sent,
    /// and it is not known how many. Send nothing more then, or frame messages so that the peer can detect
    /// the gap.
    ///
    /// # Errors
    ///
    /// - [Closed](super::is_closed) after [`send_eof`](ByteSendStreamExt::send_eof), even if `bytes` is
    ///   empty.
    /// - [Broken](super::is_broken) if the peer no longer receives.
    /// - Any other error of the stream.
    fn send<'a>(&'a mut self, bytes: &'a [u8]) -> SendBytes<'a, Self> {
        SendBytes::new(self, bytes)
    }

    /// Ends the sending direction: the peer receives all bytes that were sent, and then the end of the
    /// stream. Receiving continues to work. Calling it again has no effect.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the end was sent or not; the call can be repeated.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](io::ErrorKind::Unsupported) if the stream cannot end one direction alone
    ///   (see [`HalfClose`]); the stream remains usable.
    /// - Any other error of the stream.
    fn send_eof(&mut self) -> SendEof<'_, Self> {
        SendEof::new(self)
    }

    /// Closes the stream gracefully: ends the sending direction, then drops the stream.
    ///
    /// Dropping the stream without this closes it too, but bytes that have not left it yet may be lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream at once.
    ///
    /// # Errors
    ///
    /// Any error of the stream; the stream is closed nevertheless.
    fn close(self) -> Close<Self>
    where
        Self: Sized,
    {
        Close::new(self)
    }
}

impl<S: ByteReceiveStream + ?Sized> ByteReceiveStreamExt for S {}
impl<S: ByteSendStream + ?Sized> ByteSendStreamExt for S {}

/// The maximum that is received in one call.
const CHUNK: usize = 64 * 1024;

/// Refuses to receive zero bytes, a result that would look like the end of the stream.
fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "cannot receive 0 bytes: request at least one",
        ));
    }
    Ok(())
}
