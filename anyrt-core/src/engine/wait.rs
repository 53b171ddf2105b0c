//! The kinds of waits, as listings of tasks show them.

use std::fmt;

/// The kind of operation in which a task waits, as far as anyrt knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Wait {
    /// A future that anyrt does not know.
    Foreign,
    /// Its turn: the task is ready to run, or has not been polled yet.
    Turn,
    /// A timer.
    Sleep,
    /// The end of another task.
    Task,
    /// The children of a group, at its end.
    Children,
    /// A child that has not reported yet that it is ready.
    Start,
    /// A function in a worker thread.
    Thread,
    /// Room in a stream for an object that the task sends, or a receiver of it.
    Room,
    /// An object from a stream.
    Object,
    /// Bytes from a stream, or their end.
    Bytes,
    /// A stream to accept the bytes that the task sends.
    Sending,
    /// A connection, to a peer or from one.
    Connection,
    /// A datagram.
    Datagram,
    /// A descriptor to become readable or writable.
    Readiness,
    /// A signal of the operating system.
    Signal,
    /// A child process.
    Process,
    /// The stop of a portal, or the release of a resource that is held open through one.
    Portal,
    /// An event, or the settling of a promise.
    Event,
    /// A lock.
    Lock,
    /// A notification of a condition.
    Condition,
    /// A permit of a semaphore.
    Permit,
    /// A token of a capacity limiter.
    Token,
    /// The other tasks at a barrier.
    Barrier,
    /// All other tasks to block.
    AllBlocked,
    /// Cancellation, and nothing else.
    Forever,
}

impl Wait {
    pub(crate) fn from_u8(value: u8) -> Wait {
        // In the order of the declaration, which numbers the variants from zero.
        const ALL: &[Wait] = &[
            Wait::Foreign,
            Wait::Turn,
            Wait::Sleep,
            Wait::Task,
            Wait::Children,
            Wait::Start,
            Wait::Thread,
            Wait::Room,
            Wait::Object,
            Wait::Bytes,
            Wait::Sending,
            Wait::Connection,
            Wait::Datagram,
            Wait::Readiness,
            Wait::Signal,
            Wait::Process,
            Wait::Portal,
            Wait::Event,
            Wait::Lock,
            Wait::Condition,
            Wait::Permit,
            Wait::Token,
            Wait::Barrier,
            Wait::AllBlocked,
            Wait::Forever,
        ];
        ALL.get(usize::from(value))
            .copied()
            .unwrap_or(Wait::Foreign)
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wait::Foreign => "a foreign future",
            Wait::Turn => "its turn",
            Wait::Sleep => "a timer",
            Wait::Task => "a task",
            Wait::Children => "the children of its group",
            Wait::Start => "a child to start",
            Wait::Thread => "a worker thread",
            Wait::Room => "room to send an object",
            Wait::Object => "an object to receive",
            Wait::Bytes => "bytes to receive",
            Wait::Sending => "bytes to be sent",
            Wait::Connection => "a connection",
            Wait::Datagram => "a datagram",
            Wait::Readiness => "a descriptor to be ready",
            Wait::Signal => "a signal",
            Wait::Process => "a child process",
            Wait::Portal => "a portal to be let go",
            Wait::Event => "an event",
            Wait::Lock => "a lock",
            Wait::Condition => "a notification",
            Wait::Permit => "a permit",
            Wait::Token => "a token",
            Wait::Barrier => "others at a barrier",
            Wait::AllBlocked => "all tasks to block",
            Wait::Forever => "cancellation",
        })
    }
}
