//! The end of a task's future, as its frame reports it to the task's group.

use crate::unwind::Payload;

/// The way in which a task's future ended.
pub(crate) enum Ended<O> {
    Completed(O),
    Cancelled,
    Panicked(Payload),
}
