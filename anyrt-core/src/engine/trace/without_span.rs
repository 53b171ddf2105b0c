//! [`TaskSpan`] without the feature `tracing`.

/// The place of a span, which takes no room.
#[derive(Default)]
pub(crate) struct TaskSpan;
