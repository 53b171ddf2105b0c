//! Systems without all that. Cases that call these functions need the capability `unix_files`, so none is called.

use std::ffi::OsStr;

use crate::disk::Permissions;

const REASON: &str = "the case has to need `unix_files`";

/// The methods of `std::os::unix::fs::PermissionsExt`.
pub(crate) trait PermissionsExt: Sized {
    fn mode(&self) -> u32 {
        unimplemented!("{REASON}")
    }

    fn from_mode(_: u32) -> Self {
        unimplemented!("{REASON}")
    }
}

impl PermissionsExt for Permissions {}

/// The methods of `std::os::unix::ffi::OsStrExt`.
pub(crate) trait OsStrExt {
    fn from_bytes(_: &[u8]) -> &Self {
        unimplemented!("{REASON}")
    }
}

impl OsStrExt for OsStr {}
