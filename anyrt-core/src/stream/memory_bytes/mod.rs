//! In-memory streams of bytes between tasks.

mod pipe;
mod receive;
mod send;
mod stream;

pub use self::receive::MemoryByteReceiveStream;
pub use self::send::MemoryByteSendStream;
pub use self::stream::MemoryByteStream;

use self::pipe::Pipe;
use crate::loom::Arc;

/// Creates an in-memory connection: two streams, each of which receives the bytes that the other sends.
///
/// Each direction has a buffer of `capacity` bytes; a sender waits while it is full. With
/// [`UNBOUNDED`](super::UNBOUNDED), sending never waits, and only memory limits the buffer. Memory is
/// allocated as bytes arrive.
///
/// The connection behaves like a socket, so it can replace one in tests:
///
/// - [`send_eof`](super::ByteSendStreamExt::send_eof) ends one direction, and dropping an end closes both:
///   the peer receives the bytes that were sent, and then the end of the stream.
/// - Sending to an end that was dropped fails as [broken](super::is_broken) at once, even if the call was
///   waiting.
/// - [`reset`](MemoryByteStream::reset) breaks the connection.
///
/// # Panics
///
/// If `capacity` is 0.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
///
/// async fn greet() -> std::io::Result<()> {
///     let (mut near, mut far) = memory_byte_stream(1024);
///     near.send(b"hello").await?;
///     near.send_eof().await?;
///     assert_eq!(far.receive(1024).await?, b"hello");
///     far.send(b"good bye").await?;
///     assert_eq!(near.receive(4).await?, b"good");
///     Ok(())
/// }
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # let polled = pin!(greet()).poll(&mut Context::from_waker(Waker::noop()));
/// # assert!(matches!(polled, Poll::Ready(Ok(()))));
/// ```
pub fn memory_byte_stream(capacity: usize) -> (MemoryByteStream, MemoryByteStream) {
    let (send_there, receive_here) = memory_byte_pipe(capacity);
    let (send_here, receive_there) = memory_byte_pipe(capacity);
    (
        MemoryByteStream::new(send_there, receive_there),
        MemoryByteStream::new(send_here, receive_here),
    )
}

/// Creates one direction of a [`memory_byte_stream`]: bytes that are sent into the first handle are received
/// from the second.
///
/// # Panics
///
/// If `capacity` is 0.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_pipe};
///
/// # anyrt::run(async {
/// let (mut sender, mut receiver) = memory_byte_pipe(32);
/// sender.send(b"to be").await?;
/// assert_eq!(receiver.receive(100).await?, b"to be");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn memory_byte_pipe(capacity: usize) -> (MemoryByteSendStream, MemoryByteReceiveStream) {
    assert!(
        capacity > 0,
        "a stream of bytes needs room for one at least: give it a capacity of 1 or more"
    );
    let pipe = Arc::new(Pipe::new(capacity));
    (
        MemoryByteSendStream::new(pipe.clone()),
        MemoryByteReceiveStream::new(pipe),
    )
}
