//! Streams of objects between tasks, in memory.

mod queue;
mod receive;
mod send;
mod state;

pub use self::receive::{MemoryObjectReceiveStream, Receiving};
pub use self::send::{MemoryObjectSendStream, Sending};

use std::task::{Context, Poll};

use self::state::Shared;
use crate::engine::poll_state;
use crate::loom::Arc;

/// The capacity of a stream in which sending never waits.
pub const UNBOUNDED: usize = usize::MAX;

/// Makes a stream of objects between tasks, which has room for `capacity` of them.
///
/// With capacity 0, sending waits until a receiver takes the object; with [`UNBOUNDED`] it never
/// waits, and the only limit is memory. Both sides can be cloned, and each object goes to one
/// receiver. Objects come out in the order in which they went in, and those who wait on either
/// side are served in order of arrival: a receiver that waits owns the object just sent, a sender
/// that waits owns the room that has just become free.
///
/// An object is never lost and never delivered twice, whatever is cancelled or dropped, as long as
/// a receiver is there.
///
/// # Examples
///
/// ```
/// use anyrt_core::stream::{TryReceiveError, memory_object_stream};
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

/// What goes on in a memory object stream at the moment, for those who watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryObjectStreamStatistics {
    /// For how many objects there is room.
    pub capacity: usize,
    /// How many are there; more than fit, if objects that were handed over came back.
    pub buffered: usize,
    /// Handles for sending that are open.
    pub open_senders: usize,
    /// Handles for receiving that are open.
    pub open_receivers: usize,
    /// Calls that wait to send.
    pub waiting_senders: usize,
    /// Calls that wait to receive.
    pub waiting_receivers: usize,
}

/// What foreign traits do is no cancel point, but a loop of it must let others run, too (C11).
fn poll_turn(cx: &Context<'_>) -> Poll<()> {
    if poll_state::effectively_cancelled() || poll_state::take_budget() {
        return Poll::Ready(());
    }
    poll_state::yield_turn(cx.waker());
    Poll::Pending
}
