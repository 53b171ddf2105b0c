//! The functions of the standard library that only some systems have.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use self::other::*;
#[cfg(unix)]
pub(crate) use self::unix::*;

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod exclusive;
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) use self::exclusive::rename;
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) use std::fs::rename;

#[cfg(target_os = "linux")]
mod cached;
#[cfg(not(target_os = "linux"))]
mod uncached;
#[cfg(target_os = "linux")]
pub(super) use self::cached::READ_CACHED;
#[cfg(not(target_os = "linux"))]
pub(super) use self::uncached::READ_CACHED;
