//! What the system's error numbers mean, on systems that are not Unix: kinds tell enough there.

use std::io;

/// Addresses are bound for good; sharing them would let others take the port over.
pub(super) const REUSE_ADDRESS: bool = false;

pub(super) fn is_of_a_connection(_error: &io::Error) -> bool {
    false
}

pub(super) fn is_lack_of_resources(_error: &io::Error) -> bool {
    false
}

pub(super) fn is_unknown_family(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}
