//! Locks of files on Windows.

use std::fs::File;
use std::io;

use fs4::{FileExt, TryLockError};

/// Locks a file, and returns whether that was possible at once.
pub(crate) fn try_lock(file: &File, shared: bool) -> io::Result<bool> {
    let outcome = if shared {
        FileExt::try_lock_shared(file)
    } else {
        FileExt::try_lock(file)
    };
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Releases the lock of a file.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    FileExt::unlock(file)
}
