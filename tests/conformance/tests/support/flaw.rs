//! Flaws of a runtime.

/// The flaw of a runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    #[default]
    None,
    /// Every fifth task is dropped at once, as if it had ended.
    DropsTasks,
    /// Every third wake-up of a task is lost.
    LosesWakes,
    /// Timers complete 20 milliseconds too early.
    EarlyTimers,
    /// A task is polled before `spawn` returns.
    SpawnsInline,
    /// A blocking call is forgotten if its future is dropped at once.
    LosesCalls,
}
