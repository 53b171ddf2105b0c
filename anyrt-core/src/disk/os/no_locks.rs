//! Systems without locks of files, and builds in which nothing locks.

use std::fs::File;
use std::io;

/// Locks a file, and returns whether that was possible at once.
pub(crate) fn try_lock(_file: &File, _shared: bool) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Releases the lock of a file.
pub(crate) fn unlock(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
