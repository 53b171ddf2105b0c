//! [`CancelState`].

/// The cancellation of a scope itself, or of a task; later states outrank earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CancelState {
    No,
    Cancelled,
    Aborted,
}
