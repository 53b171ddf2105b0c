use std::fmt;

/// What a task waits in, as far as anyrt knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Wait {
    /// Something that is not anyrt's.
    Foreign,
    /// Its turn: it can run, or has not run yet.
    Turn,
    /// A timer.
    Sleep,
    /// Another task's end.
    Task,
    /// The children of a group, at its end.
    Children,
    /// A child that has not said yet that it is ready.
    Start,
    /// A function in a worker thread.
    Thread,
    /// Room in a stream, or a receiver, for an object that it sends.
    Room,
    /// An object from a stream.
    Object,
    /// Bytes from a stream, or their end.
    Bytes,
    /// That a stream takes the bytes that it sends.
    Sending,
    /// A connection, to a peer or from one.
    Connection,
    /// A datagram.
    Datagram,
    /// That a descriptor can be read or written.
    Readiness,
    /// A signal of the operating system.
    Signal,
    /// A child process.
    Process,
    /// That a portal is stopped, or something that is held open through one let go.
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
    /// The others at a barrier.
    Barrier,
    /// That all other tasks wait.
    AllBlocked,
    /// Cancellation, and nothing else.
    Forever,
}

impl Wait {
    pub(crate) fn from_u8(value: u8) -> Wait {
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
            Wait::Room => "somebody to send to",
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
