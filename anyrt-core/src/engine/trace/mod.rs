//! Spans and events of the crate `tracing`, with the feature of that name. Without it, the functions are empty.
//!
//! | item | called or kept |
//! | --- | --- |
//! | `spawned` | when a task has its record; creates its span |
//! | `enter` | around each poll of a task with a span, the drop of its future, and the delivery of its outcome |
//! | `panicked`, `ended` | at the end of a task, before it is counted out of its group |
//! | `task_cancelled`, `scope_cancelled` | by the cancelling thread, before anything is woken |
//! | `deadline_reached` | when the deadline of a scope without a node has passed |
//! | `unhandled` | for errors and panics without a receiver |
//! | `TaskSpan` | in the rare state of a record, if a subscriber wants the span |
//!
//! A subscriber is code of the user: none of these functions is called under a lock.

#[cfg(feature = "tracing")]
mod events;
#[cfg(feature = "tracing")]
mod span;
#[cfg(not(feature = "tracing"))]
mod without_span;
#[cfg(not(feature = "tracing"))]
mod without_tracing;

#[cfg(feature = "tracing")]
pub(crate) use self::events::{
    deadline_reached, ended, enter, panicked, scope_cancelled, spawned, task_cancelled, unhandled,
};
#[cfg(feature = "tracing")]
pub(crate) use self::span::TaskSpan;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::without_span::TaskSpan;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::without_tracing::{
    deadline_reached, ended, enter, panicked, scope_cancelled, spawned, task_cancelled, unhandled,
};
