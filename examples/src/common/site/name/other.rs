//! Names of files on systems other than Unix.

use std::ffi::OsString;

/// Converts bytes to a name, which is text on this system.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}
