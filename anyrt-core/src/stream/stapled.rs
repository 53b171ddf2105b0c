//! Two streams of one direction each, joined into one stream.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::{Attributes, AttributesExt, HalfClose, ObjectReceiveStream, ObjectSendStream, Request};

/// A send stream and a receive stream of objects, joined into one stream.
///
/// Ending the sending half with [`send_eof`](ObjectSendStream::send_eof) leaves the receiving half open;
/// dropping the whole closes both.
#[derive(Debug)]
pub struct StapledObjectStream<S, R> {
    send_stream: S,
    receive_stream: R,
}

impl<S, R> StapledObjectStream<S, R> {
    /// Creates a stream that sends to the first half and receives from the second.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ObjectReceiveStream, ObjectSendStream, StapledObjectStream};
    ///
    /// # anyrt::run(async {
    /// let (requests, server_requests) = anyrt::memory_object_stream(1);
    /// let (server_answers, answers) = anyrt::memory_object_stream(1);
    /// let mut client = StapledObjectStream::new(requests, answers);
    /// client.send("ping").await.unwrap();
    /// assert_eq!(server_requests.receive().await, Ok("ping"));
    /// server_answers.send("pong").await.unwrap();
    /// assert_eq!(client.receive().await, Ok("pong"));
    /// # });
    /// ```
    pub fn new(send_stream: S, receive_stream: R) -> StapledObjectStream<S, R> {
        StapledObjectStream {
            send_stream,
            receive_stream,
        }
    }

    /// Returns the sending half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::StapledObjectStream;
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream::<u8>(4);
    /// let both = StapledObjectStream::new(sender, receiver);
    /// assert_eq!(both.send_stream().statistics().capacity, 4);
    /// ```
    pub fn send_stream(&self) -> &S {
        &self.send_stream
    }

    /// Returns the receiving half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::StapledObjectStream;
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream::<u8>(4);
    /// let both = StapledObjectStream::new(sender, receiver);
    /// assert!(both.receive_stream().try_receive().is_err());
    /// ```
    pub fn receive_stream(&self) -> &R {
        &self.receive_stream
    }

    /// Splits the stream into its sending half and its receiving half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::StapledObjectStream;
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream(4);
    /// let (sender, receiver) = StapledObjectStream::new(sender, receiver).into_parts();
    /// sender.try_send(7).unwrap();
    /// assert_eq!(receiver.try_receive(), Ok(7));
    /// ```
    pub fn into_parts(self) -> (S, R) {
        (self.send_stream, self.receive_stream)
    }
}

impl<S: Send, R: ObjectReceiveStream> ObjectReceiveStream for StapledObjectStream<S, R> {
    type Item = R::Item;
    type ReceiveError = R::ReceiveError;

    fn receive(&mut self) -> impl Future<Output = Result<R::Item, R::ReceiveError>> + Send {
        self.receive_stream.receive()
    }
}

impl<S: ObjectSendStream<T>, R: Send, T> ObjectSendStream<T> for StapledObjectStream<S, R> {
    type SendError = S::SendError;

    fn send(&mut self, item: T) -> impl Future<Output = Result<(), S::SendError>> + Send {
        self.send_stream.send(item)
    }

    fn send_eof(&mut self) -> impl Future<Output = Result<(), S::SendError>> + Send {
        self.send_stream.send_eof()
    }
}

/// A send stream and a receive stream of bytes, joined into one stream.
///
/// Ending the sending half with [`send_eof`](super::ByteSendStreamExt::send_eof) leaves the receiving half
/// open; dropping the whole closes both. Attributes of the receiving half take precedence over those of the
/// sending half, except for [`HalfClose`], which the sending half determines.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{
///     ByteReceiveStreamExt, ByteSendStreamExt, StapledByteStream, memory_byte_pipe,
/// };
///
/// async fn echo() -> std::io::Result<()> {
///     let (sender, receiver) = memory_byte_pipe(1024);
///     let mut echo = StapledByteStream::new(sender, receiver);
///     echo.send(b"hello").await?;
///     assert_eq!(echo.receive(1024).await?, b"hello");
///     Ok(())
/// }
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # let polled = pin!(echo()).poll(&mut Context::from_waker(Waker::noop()));
/// # assert!(matches!(polled, Poll::Ready(Ok(()))));
/// ```
#[derive(Debug)]
pub struct StapledByteStream<S, R> {
    send_stream: S,
    receive_stream: R,
}

impl<S, R> StapledByteStream<S, R> {
    /// Creates a stream that sends to the first half and receives from the second.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{
    ///     ByteReceiveStreamExt, ByteSendStreamExt, StapledByteStream, memory_byte_pipe,
    /// };
    ///
    /// # anyrt::run(async {
    /// let (sender, receiver) = memory_byte_pipe(16);
    /// let mut both = StapledByteStream::new(sender, receiver);
    /// both.send(b"to myself").await?;
    /// assert_eq!(both.receive(100).await?, b"to myself");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(send_stream: S, receive_stream: R) -> StapledByteStream<S, R> {
        StapledByteStream {
            send_stream,
            receive_stream,
        }
    }

    /// Returns the sending half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{MemoryByteSendStream, StapledByteStream, memory_byte_pipe};
    ///
    /// let (sender, receiver) = memory_byte_pipe(16);
    /// let both = StapledByteStream::new(sender, receiver);
    /// let sender: &MemoryByteSendStream = both.send_stream();
    /// # let _ = sender;
    /// ```
    pub fn send_stream(&self) -> &S {
        &self.send_stream
    }

    /// Returns the receiving half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{MemoryByteReceiveStream, StapledByteStream, memory_byte_pipe};
    ///
    /// let (sender, receiver) = memory_byte_pipe(16);
    /// let both = StapledByteStream::new(sender, receiver);
    /// let receiver: &MemoryByteReceiveStream = both.receive_stream();
    /// # let _ = receiver;
    /// ```
    pub fn receive_stream(&self) -> &R {
        &self.receive_stream
    }

    /// Splits the stream into its sending half and its receiving half.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{
    ///     ByteReceiveStreamExt, ByteSendStreamExt, StapledByteStream, memory_byte_pipe,
    /// };
    ///
    /// # anyrt::run(async {
    /// let (sender, receiver) = memory_byte_pipe(16);
    /// let (mut sender, mut receiver) = StapledByteStream::new(sender, receiver).into_parts();
    /// sender.send(b"to be").await?;
    /// assert_eq!(receiver.receive(100).await?, b"to be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_parts(self) -> (S, R) {
        (self.send_stream, self.receive_stream)
    }
}

impl<S: Unpin, R: AsyncRead + Unpin> AsyncRead for StapledByteStream<S, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.receive_stream).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.receive_stream).poll_read_vectored(cx, buffers)
    }
}

impl<S: AsyncWrite + Unpin, R: Unpin> AsyncWrite for StapledByteStream<S, R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.send_stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.send_stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.send_stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.send_stream).poll_close(cx)
    }
}

impl<S: Attributes, R: Attributes> Attributes for StapledByteStream<S, R> {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide::<HalfClose>(|| self.send_stream.attribute_or::<HalfClose>(true));
        self.receive_stream.provide(demand);
        self.send_stream.provide(demand);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;
    use crate::stream::{ByteSendStreamExt, WithoutAttributes};

    /// A stream with the attribute [`HalfClose`].
    struct Half(bool);

    impl Attributes for Half {
        fn provide(&self, demand: &mut Request<'_>) {
            demand.provide::<HalfClose>(|| self.0);
        }
    }

    #[test]
    fn whether_sending_can_end_alone_is_for_the_sending_half_to_say() {
        for (sender, receiver) in [(true, false), (false, true)] {
            let stapled = StapledByteStream::new(Half(sender), Half(receiver));
            assert_eq!(stapled.attribute::<HalfClose>(), Ok(sender));
        }
        // A stream without the attribute can end one direction alone.
        let mut stapled = StapledByteStream::new(WithoutAttributes(Vec::new()), Half(false));
        let mut cx = Context::from_waker(Waker::noop());
        let ended = pin!(stapled.send_eof()).poll(&mut cx);
        assert!(matches!(ended, Poll::Ready(Ok(()))));
    }
}
