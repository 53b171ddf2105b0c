//! Modes and paths, where the system has them.

#[cfg_attr(not(unix), path = "other.rs")]
mod unix;

pub(crate) use self::unix::{OsStrExt, PermissionsExt};
