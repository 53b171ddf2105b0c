//! Runs without the feature `monitor`.

/// Does nothing.
#[inline]
pub(crate) fn start() {}
