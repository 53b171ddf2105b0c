//! Blocking calls on files and paths: of the operating system, or of the runtime if it has its own files.
//!
//! [`Disk`] is where a call goes, chosen when an operation begins; [`Handle`] is an open file. All other code
//! of core uses these two instead of [`std::fs`], on worker threads and in destructors.

mod file_type;
mod handle;
#[cfg(feature = "fs")]
mod listing;
mod metadata;
pub(crate) mod os;
#[cfg(feature = "fs")]
mod paths;
mod permissions;
#[cfg(feature = "fs")]
mod tree;
#[cfg(feature = "fs")]
mod unique;
#[cfg(feature = "fs")]
mod walker;

use std::io;
use std::path::Path;

pub use self::file_type::FileType;
pub(crate) use self::handle::{Handle, not_of_the_system};
#[cfg(feature = "fs")]
pub(crate) use self::listing::Listing;
pub use self::metadata::{Metadata, OwnMetadata};
pub use self::permissions::Permissions;
#[cfg(feature = "fs")]
pub(crate) use self::tree::is_missing;
#[cfg(feature = "fs")]
pub(crate) use self::unique::{Removal, TEMPORARY_PREFIX};
#[cfg(feature = "fs")]
pub(crate) use self::walker::{WalkOptions, Walker};
use crate::loom::Arc;
use crate::runtime::{Blocking, FileSystem, OpenMode};

/// The file system of a runtime.
#[derive(Clone, Debug)]
pub(crate) enum Disk {
    /// That of the operating system.
    System,
    /// One of the runtime.
    Own(Arc<dyn FileSystem>),
}

impl Disk {
    /// Returns the file system for operations of this thread.
    pub(crate) fn current<R: Blocking>() -> Disk {
        R::file_system().map_or(Disk::System, Disk::Own)
    }

    /// Opens a file.
    pub(crate) fn open(&self, path: &Path, mode: &OpenMode) -> io::Result<Handle> {
        Ok(match self {
            Disk::System => Handle::System(os::open(path, mode)?),
            Disk::Own(own) => Handle::Own(own.open(path, mode)?),
        })
    }
}
