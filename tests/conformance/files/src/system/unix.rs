//! Unix systems.

pub(crate) use std::os::unix::ffi::OsStrExt;
pub(crate) use std::os::unix::fs::PermissionsExt;
