//! In-memory streams of objects between tasks.
//!
//! `state` has the state and each change to it, under one lock; `queue.rs` the waiters of one side;
//! `send.rs` and `receive.rs` the handles and futures on top.
//!
//! Objects are handed over as the resource of a `FairQueue` is: there is a buffer and two queues, of which at
//! most one is not empty, so later callers cannot overtake a waiter.

mod budget;
mod queue;
mod receive;
mod send;
mod state;
mod statistics;

pub use self::receive::{MemoryObjectReceiveStream, ReceiveObject};
pub use self::send::{MemoryObjectSendStream, SendObject};
pub use self::statistics::MemoryObjectStreamStatistics;

use self::state::Shared;
use crate::loom::Arc;

/// The capacity of a stream without a limit, in which sending never waits.
pub const UNBOUNDED: usize = usize::MAX;

/// Creates an in-memory stream of objects between tasks, with a buffer for `capacity` objects.
///
/// With capacity 0, sending waits until a receiver takes the object. With [`UNBOUNDED`], sending never waits,
/// and only memory limits the buffer. Both handles can be cloned; each object goes to one receiver. Objects
/// are received in the order in which they were sent, and waiting tasks on either side are served in order of
/// arrival: a waiting receiver owns the object that was just sent, and a waiting sender owns the room that
/// has just become free.
///
/// An object is never lost and never delivered twice, whatever is cancelled or dropped, as long as there is a
/// receiver.
///
/// # Examples
///
/// ```
/// use anyrt::memory_object_stream;
/// use anyrt::stream::TryReceiveError;
///
/// let (tx, rx) = memory_object_stream(1);
/// tx.try_send("first").unwrap();
/// let refused = tx.try_send("second").unwrap_err();
/// assert!(refused.is_would_block());
/// assert_eq!(rx.try_receive(), Ok("first"));
/// drop(tx);
/// assert_eq!(rx.try_receive(), Err(TryReceiveError::EndOfStream));
/// ```
pub fn memory_object_stream<T>(
    capacity: usize,
) -> (MemoryObjectSendStream<T>, MemoryObjectReceiveStream<T>) {
    let shared = Arc::new(Shared::new(capacity));
    (
        MemoryObjectSendStream::new(&shared),
        MemoryObjectReceiveStream::new(&shared),
    )
}
