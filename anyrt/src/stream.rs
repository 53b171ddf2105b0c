//! Streams of objects and of bytes: their traits, streams in memory, files, and wrappers.
//!
//! # Objects
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use std::convert::Infallible;
//!
//! let lengths = anyrt::run(async {
//!     let (words, jobs) = anyrt::memory_object_stream(2);
//!     let (results, lengths) = anyrt::memory_object_stream(0);
//!     let group = anyrt::task_group::<Infallible, _, _>(async |tg| {
//!         for _ in 0..3 {
//!             let (jobs, results) = (jobs.clone(), results.clone());
//!             tg.spawn(async move {
//!                 // Ends when the last sender is dropped and everything was received.
//!                 while let Ok(word) = jobs.receive().await {
//!                     let word: &str = word;
//!                     if results.send(word.len()).await.is_err() {
//!                         break;
//!                     }
//!                 }
//!             });
//!         }
//!         drop(results);
//!         tg.spawn(async move {
//!             for word in ["to", "be", "or", "not"] {
//!                 words.send(word).await.expect("the workers are there");
//!             }
//!         });
//!         let mut sum = 0;
//!         while let Ok(length) = lengths.receive().await {
//!             sum += length;
//!         }
//!         Ok(sum)
//!     });
//!     group.await
//! });
//! assert_eq!(lengths.unwrap(), 9);
//! ```
//!
//! # Bytes
//!
//! Every type that implements `futures::io::{AsyncRead, AsyncWrite}` and [`Attributes`] is a byte
//! stream. [`ByteReceiveStreamExt`] and [`ByteSendStreamExt`] have the operations. Wrappers add others;
//! they work over each other, and over sockets, files and memory alike:
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::stream::{BufferedByteStream, ByteSendStreamExt, memory_byte_stream};
//!
//! let answer = anyrt::run(async {
//!     let (client, server) = memory_byte_stream(1024);
//!     let group = anyrt::task_group(async |tg| {
//!         tg.spawn(async move {
//!             let mut server = BufferedByteStream::new(server);
//!             let line = server.receive_until(b"\n", 100).await?;
//!             server.send(&line.to_ascii_uppercase()).await?;
//!             server.send(b"\n").await
//!         });
//!         let mut client = BufferedByteStream::new(client);
//!         client.send(b"hello\n").await?;
//!         client.receive_until(b"\n", 100).await
//!     });
//!     group.await
//! });
//! assert_eq!(answer.unwrap(), b"HELLO");
//! ```

use crate::Ambient;

// Objects.
pub use anyrt_core::stream::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, MemoryObjectStreamStatistics,
    ObjectReceiveStream, ObjectSendStream, ObjectStream, ReceiveError, ReceiveObject, SendError,
    SendObject, StapledObjectStream, TryReceiveError, TrySendError, UNBOUNDED,
};

// Byte streams and their wrappers.
pub use anyrt_core::stream::{
    BufferedByteStream, ByteReceiveStream, ByteReceiveStreamExt, ByteSendStream, ByteSendStreamExt,
    ByteStream, HalfClose, MemoryByteReceiveStream, MemoryByteSendStream, MemoryByteStream,
    StapledByteStream, TextStream, WithoutAttributes, memory_byte_pipe, memory_byte_stream,
};

// Errors of streams.
pub use anyrt_core::stream::{
    DelimiterNotFound, IncompleteRead, InvalidUtf8, is_broken, is_closed, is_delimiter_not_found,
    is_end_of_stream, is_incomplete_read, is_invalid_utf8,
};

// Attributes of streams.
pub use anyrt_core::error::AttributeError;
pub use anyrt_core::stream::{Attribute, Attributes, AttributesExt, FileHandle, FilePath, Request};

/// A byte stream that reads a file.
///
/// It reads no more from the file than each call requests. For many small reads, wrap it into a
/// [`BufferedByteStream`]. A worker thread does the reading.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::stream::{BufferedByteStream, FileReadStream};
///
/// let section = anyrt::run(async {
///     let file = FileReadStream::open("Cargo.toml").await?;
///     BufferedByteStream::new(file).receive_until(b"\n", 100).await
/// });
/// assert_eq!(section.unwrap(), b"[package]");
/// ```
pub type FileReadStream = anyrt_core::stream::FileReadStream<Ambient>;

/// A byte stream that writes to a file, on a worker thread.
///
/// After [`close`](ByteSendStreamExt::close), the operating system has all bytes.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::stream::{ByteSendStreamExt, FileWriteStream};
///
/// let path = std::env::temp_dir().join(format!("anyrt-{}", std::process::id()));
/// let written = anyrt::run(async {
///     let mut file = FileWriteStream::create(&path).await?;
///     file.send(b"to be").await?;
///     file.close().await?;
///     let mut file = FileWriteStream::append(&path).await?;
///     file.send(b" or not to be").await?;
///     file.close().await
/// });
/// written.unwrap();
/// assert_eq!(std::fs::read(&path).unwrap(), b"to be or not to be");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub type FileWriteStream = anyrt_core::stream::FileWriteStream<Ambient>;
