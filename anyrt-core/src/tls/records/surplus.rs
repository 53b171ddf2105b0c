//! [`Surplus`].

use std::ops::Range;

/// The bytes that were read and not returned yet.
#[derive(Debug, Default)]
pub(super) struct Surplus {
    pub(super) bytes: Vec<u8>,
    pub(super) unread: Range<usize>,
}

impl Surplus {
    pub(super) fn is_empty(&self) -> bool {
        self.unread.is_empty()
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.unread.clone()]
    }
}
