//! Streams of bytes and of objects: the traits, in-memory streams, file streams, and wrappers around other
//! streams.

mod buffered;
mod bytes;
mod error;
pub(crate) mod file;
#[cfg(all(test, loom))]
mod loom_tests;
mod memory;
mod memory_bytes;
#[cfg(any(feature = "tls", all(test, loom)))]
#[cfg_attr(
    not(feature = "tls"),
    expect(dead_code, reason = "models use a part of it")
)]
pub(crate) mod shared;
mod stapled;
mod text;

pub use self::buffered::{BufferedByteStream, ReceiveExactly, ReceiveUntil};
pub use self::bytes::{
    ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, ByteStream, Close,
    HalfClose, ReceiveBytes, ReceiveInto, SendBytes, SendEof, WithoutAttributes,
};
pub use self::error::{DelimiterNotFound, IncompleteRead, InvalidUtf8};
pub use self::error::{ReceiveError, SendError, TryReceiveError, TrySendError};
pub use self::error::{is_broken, is_closed, is_end_of_stream};
pub use self::error::{is_delimiter_not_found, is_incomplete_read, is_invalid_utf8};
pub use self::file::{FileHandle, FilePath, FileReadStream, FileWriteStream};
pub use self::memory::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, MemoryObjectStreamStatistics, ReceiveObject,
    SendObject, UNBOUNDED, memory_object_stream,
};
pub use self::memory_bytes::{
    MemoryByteReceiveStream, MemoryByteSendStream, MemoryByteStream, memory_byte_pipe,
    memory_byte_stream,
};
pub use self::stapled::{StapledByteStream, StapledObjectStream};
pub use self::text::{ReceiveText, SendText, TextStream};
pub use crate::attributes::{Attribute, Attributes, AttributesExt, Request};

/// A stream that objects are received from.
///
/// Dropping it closes the stream.
///
/// # Contract
///
/// 1. Objects of one sender MUST come out in the order in which they were sent.
/// 2. [`receive`](ObjectReceiveStream::receive) MUST be cancel safe: if it is dropped before completing, it
///    has received nothing, and no object is lost.
/// 3. The end of the stream MUST be reported as an error, by every further call.
pub trait ObjectReceiveStream: Send {
    /// The type of received objects.
    type Item;
    /// The error of a receive: the stream has ended, or failed.
    type ReceiveError;

    /// Receives the next object.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::ObjectReceiveStream;
    ///
    /// # anyrt::run(async {
    /// async fn first<S: ObjectReceiveStream<Item = u32>>(mut stream: S) -> Option<u32> {
    ///     stream.receive().await.ok()
    /// }
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// sender.try_send(7).unwrap();
    /// assert_eq!(first(receiver).await, Some(7));
    /// # });
    /// ```
    fn receive(&mut self) -> impl Future<Output = Result<Self::Item, Self::ReceiveError>> + Send;
}

/// A stream that objects are sent to.
///
/// Dropping it closes the stream.
///
/// # Contract
///
/// 1. Objects MUST arrive in the order in which they were sent.
/// 2. A [`send`](ObjectSendStream::send) that is dropped before completing has sent the object or not. It
///    MUST NOT send a part of it, unless this is documented and the stream refuses to send from then on.
pub trait ObjectSendStream<T>: Send {
    /// The error of a send.
    type SendError;

    /// Sends an object, and waits as long as there is no room for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::ObjectSendStream;
    ///
    /// # anyrt::run(async {
    /// async fn greet<S: ObjectSendStream<&'static str>>(mut stream: S) -> bool {
    ///     stream.send("hello").await.is_ok()
    /// }
    ///
    /// let (sender, receiver) = anyrt::memory_object_stream(1);
    /// assert!(greet(sender).await);
    /// assert_eq!(receiver.receive().await, Ok("hello"));
    /// # });
    /// ```
    fn send(&mut self, item: T) -> impl Future<Output = Result<(), Self::SendError>> + Send;

    /// Sends the end of the stream: the peer receives all objects that were sent, and then the end. Calling
    /// it again has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{ObjectSendStream, ReceiveError};
    ///
    /// # anyrt::run(async {
    /// let (mut sender, receiver) = anyrt::memory_object_stream(1);
    /// sender.try_send("last").unwrap();
    /// ObjectSendStream::<&str>::send_eof(&mut sender).await.unwrap();
    /// assert_eq!(receiver.receive().await, Ok("last"));
    /// assert_eq!(receiver.receive().await, Err(ReceiveError::EndOfStream));
    /// # });
    /// ```
    fn send_eof(&mut self) -> impl Future<Output = Result<(), Self::SendError>> + Send;
}

/// A stream in both directions. The received type can differ from the sent type.
pub trait ObjectStream<T>: ObjectReceiveStream + ObjectSendStream<T> {}

impl<S: ObjectReceiveStream + ObjectSendStream<T> + ?Sized, T> ObjectStream<T> for S {}

impl<S: ObjectReceiveStream> ObjectReceiveStream for &mut S {
    type Item = S::Item;
    type ReceiveError = S::ReceiveError;

    fn receive(&mut self) -> impl Future<Output = Result<S::Item, S::ReceiveError>> + Send {
        (**self).receive()
    }
}

impl<S: ObjectSendStream<T>, T> ObjectSendStream<T> for &mut S {
    type SendError = S::SendError;

    fn send(&mut self, item: T) -> impl Future<Output = Result<(), S::SendError>> + Send {
        (**self).send(item)
    }

    fn send_eof(&mut self) -> impl Future<Output = Result<(), S::SendError>> + Send {
        (**self).send_eof()
    }
}
