use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Here a name may be any bytes.
pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(OsString::from_vec(bytes))
}
