//! The functions of the standard library that only some systems have.

mod options;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use self::other::*;
#[cfg(unix)]
pub(crate) use self::unix::*;

#[cfg(all(
    feature = "fs",
    any(target_os = "linux", target_os = "android", target_vendor = "apple")
))]
mod exclusive;
#[cfg(all(
    feature = "fs",
    any(target_os = "linux", target_os = "android", target_vendor = "apple")
))]
pub(super) use self::exclusive::rename;
#[cfg(all(
    feature = "fs",
    not(any(target_os = "linux", target_os = "android", target_vendor = "apple"))
))]
pub(super) use std::fs::rename;

#[cfg(all(feature = "fs", unix))]
mod locks;
#[cfg(not(all(feature = "fs", any(unix, windows))))]
mod no_locks;
#[cfg(all(feature = "fs", windows))]
mod windows_locks;
#[cfg(all(feature = "fs", unix))]
pub(super) use self::locks::*;
#[cfg(not(all(feature = "fs", any(unix, windows))))]
pub(super) use self::no_locks::*;
#[cfg(all(feature = "fs", windows))]
pub(super) use self::windows_locks::*;

#[cfg(all(feature = "fs", target_os = "linux"))]
mod cached;
#[cfg(not(all(feature = "fs", target_os = "linux")))]
mod uncached;
#[cfg(all(feature = "fs", target_os = "linux"))]
pub(super) use self::cached::read_cached;
#[cfg(not(all(feature = "fs", target_os = "linux")))]
pub(super) use self::uncached::read_cached;

#[cfg(all(feature = "fs", not(unix)))]
mod other_paths;
#[cfg(all(feature = "fs", unix))]
mod unix_paths;
#[cfg(all(feature = "fs", not(unix)))]
pub(super) use self::other_paths::*;
#[cfg(all(feature = "fs", unix))]
pub(super) use self::unix_paths::*;
