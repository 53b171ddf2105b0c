//! Names of files on Unix.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Converts bytes to a name, which can be any bytes on this system.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(OsString::from_vec(bytes))
}
