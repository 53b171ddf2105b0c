//! [`Job`].

/// The work of a call, as a worker executes it.
pub(crate) trait Job: Send {
    /// Executes the work, and stores the result.
    fn work(&mut self);

    /// Delivers the result. Returns false if no receiver is left. Drops no value of the user's.
    fn deliver(&mut self) -> bool;

    /// Drops the result, if it was not received.
    fn discard(&mut self);
}
