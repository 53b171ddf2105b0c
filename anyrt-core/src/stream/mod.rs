//! Streams of bytes and of objects: what all of them have in common, those between tasks, and what
//! wraps others.

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
    Bare, ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt, ByteStream,
    Close, HalfClose, ReceiveBytes, ReceiveInto, SendBytes, SendEof,
};
pub use self::error::{DelimiterNotFound, IncompleteRead, InvalidUtf8};
pub use self::error::{ReceiveError, SendError, TryReceiveError, TrySendError};
pub use self::error::{is_broken, is_closed, is_end_of_stream};
pub use self::error::{is_delimiter_not_found, is_incomplete_read, is_invalid_utf8};
pub use self::file::{FileHandle, FilePath, FileReadStream, FileWriteStream};
pub use self::memory::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, MemoryObjectStreamStatistics, Receiving,
    Sending, UNBOUNDED, memory_object_stream,
};
pub use self::memory_bytes::{
    MemoryByteReceiveStream, MemoryByteSendStream, MemoryByteStream, memory_byte_pipe,
    memory_byte_stream,
};
pub use self::stapled::{StapledByteStream, StapledObjectStream};
pub use self::text::{ReceiveText, SendText, TextStream};
pub use crate::attributes::{Attribute, Attributes, AttributesExt, Demand};

/// Something that objects are received from, one after another.
///
/// Dropping it closes it.
///
/// # Contract
///
/// 1. Objects of one sender MUST come out in the order in which they were sent.
/// 2. [`receive`](ObjectReceiveStream::receive) MUST be cancel safe: dropped before completing, it
///    received nothing, and loses nothing.
/// 3. The end of the stream MUST be reported as an error, again and again.
pub trait ObjectReceiveStream: Send {
    /// What is received.
    type Item;
    /// Why nothing is: the stream has ended, or failed.
    type ReceiveError;

    /// Receives the next object.
    fn receive(&mut self) -> impl Future<Output = Result<Self::Item, Self::ReceiveError>> + Send;
}

/// Something that objects are sent to, one after another.
///
/// Dropping it closes it.
///
/// # Contract
///
/// 1. Objects MUST arrive in the order in which they were sent.
/// 2. A [`send`](ObjectSendStream::send) that is dropped before completing has sent the object or
///    not; it MUST NOT send a part of it, unless it says so and refuses to send from then on.
pub trait ObjectSendStream<T>: Send {
    /// Why an object could not be sent.
    type SendError;

    /// Sends an object, and waits for as long as there is no room for it.
    fn send(&mut self, item: T) -> impl Future<Output = Result<(), Self::SendError>> + Send;

    /// Says that no more will come: the peer receives what was sent, and then the end of the
    /// stream. Saying so again is fine.
    fn send_eof(&mut self) -> impl Future<Output = Result<(), Self::SendError>> + Send;
}

/// A stream in both directions; what is received need not be of the type that is sent.
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
