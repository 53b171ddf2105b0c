//! Byte streams: the traits, and the operations on all of them.
//!
//! A byte stream is `AsyncRead` and `AsyncWrite` of the crate `futures-io`, plus attributes. So `dyn` works,
//! nothing is boxed, and foreign code can use it. The poll methods are transparent to cancellation. The
//! operations above them (`receive`, `send`) are cancel points, and named types.
//!
//! The contracts are on the traits, and `anyrt_conformance::check_byte_stream` checks them for any pair. One
//! wrapper type serves both directions: `BufferedByteStream<S>` and `TextStream<S>` send if `S` does.

use futures_io::{AsyncRead, AsyncWrite};

pub use self::ext::{ByteReceiveStreamExt, ByteSendStreamExt};
pub use self::half_close::HalfClose;
pub(super) use self::half_close::refuse_without_half_close;
pub use self::operations::{Close, ReceiveBytes, ReceiveInto, SendBytes, SendEof};
pub use self::without_attributes::WithoutAttributes;
use super::Attributes;

mod ext;
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
