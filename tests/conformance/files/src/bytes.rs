//! Contents for the files of the cases.

/// Returns bytes that depend on their position.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}
