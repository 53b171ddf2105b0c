//! The operations on all byte streams.

use super::operations::{Close, ReceiveBytes, ReceiveInto, SendBytes, SendEof};
use super::{ByteReceiveStream, ByteSendStream};

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
    /// - [End of stream](crate::stream::is_end_of_stream) if the peer has closed its side.
    /// - [`InvalidInput`](std::io::ErrorKind::InvalidInput) if `max` is 0.
    /// - Any other error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, mut receiver) = memory_byte_pipe(32);
    /// sender.send(b"to be").await?;
    /// assert_eq!(receiver.receive(2).await?, b"to");
    /// assert_eq!(receiver.receive(100).await?, b" be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_pipe};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, mut receiver) = memory_byte_pipe(32);
    /// sender.send(b"to be").await?;
    /// let mut buffer = [0; 8];
    /// let count = receiver.receive_into(&mut buffer).await?;
    /// assert_eq!(&buffer[..count], b"to be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    /// - [Closed](crate::stream::is_closed) after [`send_eof`](ByteSendStreamExt::send_eof), even if `bytes` is
    ///   empty.
    /// - [Broken](crate::stream::is_broken) if the peer no longer receives.
    /// - Any other error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
    ///
    /// # anyrt::run(async {
    /// let (mut near, mut far) = memory_byte_stream(32);
    /// near.send(b"hello").await?;
    /// assert_eq!(far.receive(100).await?, b"hello");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    /// - [`Unsupported`](std::io::ErrorKind::Unsupported) if the stream cannot end one direction alone
    ///   (see [`HalfClose`](super::HalfClose)); the stream remains usable.
    /// - Any other error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{
    ///     ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream, memory_byte_stream,
    /// };
    ///
    /// # anyrt::run(async {
    /// let (mut near, mut far) = memory_byte_stream(32);
    /// near.send_eof().await?;
    /// assert!(is_end_of_stream(&far.receive(100).await.unwrap_err()));
    /// far.send(b"answer").await?;
    /// assert_eq!(near.receive(100).await?, b"answer");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{
    ///     ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream, memory_byte_stream,
    /// };
    ///
    /// # anyrt::run(async {
    /// let (mut near, mut far) = memory_byte_stream(32);
    /// near.send(b"bye").await?;
    /// near.close().await?;
    /// assert_eq!(far.receive(100).await?, b"bye");
    /// assert!(is_end_of_stream(&far.receive(100).await.unwrap_err()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn close(self) -> Close<Self>
    where
        Self: Sized,
    {
        Close::new(self)
    }
}

impl<S: ByteReceiveStream + ?Sized> ByteReceiveStreamExt for S {}
impl<S: ByteSendStream + ?Sized> ByteSendStreamExt for S {}
