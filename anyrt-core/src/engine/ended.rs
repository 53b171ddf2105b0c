//! The end of a future that a frame polls. Used by tasks, by `finally`, and by the combinators.

use crate::unwind::Payload;

/// The way in which a future ended.
pub(crate) enum Ended<T> {
    Completed(T),
    /// It was dropped because of a cancellation.
    Interrupted,
    Panicked(Payload),
}
