//! The meaning of error numbers on systems other than Unix and Windows, where the kinds of errors suffice. On those,
//! `net::os::errors` takes the place of this file.

use std::io;

/// The default of `SO_REUSEADDR`: off, as it would let other programs take over the port.
pub(super) const REUSE_ADDRESS: bool = false;

/// Returns whether accepting failed because of one connection: never known by its number here.
pub(super) fn is_of_a_connection(_error: &io::Error) -> bool {
    false
}

/// Returns whether descriptors or memory have run out: never known by its number here.
pub(super) fn is_lack_of_resources(_error: &io::Error) -> bool {
    false
}

/// Returns whether the system lacks this address family.
pub(super) fn is_unknown_family(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}
