//! Streams of bytes between tasks, in memory.

mod pipe;
mod receive;
mod send;
mod stream;

pub use self::receive::MemoryByteReceiveStream;
pub use self::send::MemoryByteSendStream;
pub use self::stream::MemoryByteStream;

use self::pipe::Pipe;
use crate::loom::Arc;

/// Makes a connection in memory: two streams, each of which receives what the other sends.
///
/// In each direction there is room for `capacity` bytes; whoever sends more waits for the peer to
/// receive some. With [`UNBOUNDED`](super::UNBOUNDED) sending never waits, and the only limit is
/// memory; memory is taken as bytes come.
///
/// It behaves as a socket does, which makes it a stand-in for one in tests:
///
/// - [`send_eof`](super::ByteSendStreamExt::send_eof) ends one direction, and dropping an end does
///   so in both: the peer receives what was sent, and then the end of the stream.
/// - Sending to an end that was dropped fails as [broken](super::is_broken), at once, as does
///   what waits there.
/// - [`reset`](MemoryByteStream::reset) cuts the connection off.
///
/// # Panics
///
/// If `capacity` is 0: a byte needs a place between the two.
///
/// # Examples
///
/// ```
/// use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, memory_byte_stream};
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

/// Makes one direction of a [`memory_byte_stream`]: what is sent into the one comes out of the
/// other.
///
/// # Panics
///
/// If `capacity` is 0.
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
