//! Streams of objects: what all of them have in common, and the parts of those in memory.
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
//!                 // Ends when the last sender is gone, and everything was received.
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

pub use anyrt_core::stream::{
    Attribute, Attributes, AttributesExt, Bare, ByteReceiveStream, ByteReceiveStreamExt,
    ByteSendStream, ByteSendStreamExt, ByteStream, Close, Demand, ReceiveBytes, ReceiveInto,
    SendBytes, SendEof, is_broken, is_closed, is_end_of_stream,
};
pub use anyrt_core::stream::{
    MemoryObjectReceiveStream, MemoryObjectSendStream, MemoryObjectStreamStatistics,
    ObjectReceiveStream, ObjectSendStream, ObjectStream, ReceiveError, Receiving, SendError,
    Sending, StapledObjectStream, TryReceiveError, TrySendError, UNBOUNDED,
};
