//! [`MemoryObjectStreamStatistics`].

/// A snapshot of the state of a memory object stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryObjectStreamStatistics {
    /// The number of objects that the buffer has room for.
    pub capacity: usize,
    /// The number of buffered objects. Exceeds the capacity if objects that were handed over have been
    /// returned.
    pub buffered: usize,
    /// The number of open handles for sending.
    pub open_senders: usize,
    /// The number of open handles for receiving.
    pub open_receivers: usize,
    /// The number of calls that wait to send.
    pub waiting_senders: usize,
    /// The number of calls that wait to receive.
    pub waiting_receivers: usize,
}
