use crate::unwind::Payload;

/// How a task's future ended.
pub(crate) enum Ended<O> {
    Completed(O),
    Cancelled,
    Panicked(Payload),
}
