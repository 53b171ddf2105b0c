use std::fmt;

/// What a task waits in, as far as anyrt knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Wait {
    /// Something that is not anyrt's, or it has not run yet.
    Foreign,
    /// Its turn: it can run.
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
    /// That all other tasks wait.
    AllBlocked,
    /// Cancellation, and nothing else.
    Forever,
}

impl Wait {
    pub(crate) fn from_u8(value: u8) -> Wait {
        const ALL: [Wait; 9] = [
            Wait::Foreign,
            Wait::Turn,
            Wait::Sleep,
            Wait::Task,
            Wait::Children,
            Wait::Start,
            Wait::Thread,
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
            Wait::AllBlocked => "all tasks to block",
            Wait::Forever => "cancellation",
        })
    }
}
