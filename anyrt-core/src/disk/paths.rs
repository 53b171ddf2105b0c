//! Calls on paths.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Disk, Handle, Listing, Metadata, Permissions, os};

/// Implements a method by the function of the standard library and the method of the runtime's file system.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $output:ty, $system:expr;)*) => { $(
        $(#[$doc])*
        pub(crate) fn $name(&self, $($argument: $type),*) -> io::Result<$output> {
            match self {
                Disk::System => $system($($argument),*),
                Disk::Own(own) => own.$name($($argument),*),
            }
        }
    )* };
}

impl Disk {
    calls! {
        /// Removes an empty folder.
        remove_dir(path: &Path) -> (), fs::remove_dir;
        /// Removes a file.
        remove_file(path: &Path) -> (), fs::remove_file;
        /// Creates another name for a file.
        hard_link(original: &Path, link: &Path) -> (), fs::hard_link;
        /// Returns the target of a symbolic link.
        read_link(path: &Path) -> PathBuf, fs::read_link;
        /// Returns a path in its canonical form.
        canonicalize(path: &Path) -> PathBuf, fs::canonicalize;
        /// Sets permissions.
        set_permissions(path: &Path, permissions: Permissions) -> (), |path, permissions| os::set_permissions(path, &permissions);
    }

    /// Opens a file with options of the standard library, which only the operating system can use.
    pub(crate) fn open_with(&self, path: &Path, options: &fs::OpenOptions) -> io::Result<Handle> {
        match self {
            Disk::System => Ok(options.open(path)?.into()),
            Disk::Own(_) => {
                let message = "options of the standard library are only for files of the operating system; set \
                               them on the options of this crate";
                Err(io::Error::new(io::ErrorKind::Unsupported, message))
            }
        }
    }

    /// Creates a symbolic link. On systems other than Unix that is unsupported.
    pub(crate) fn symlink(&self, target: &Path, link: &Path) -> io::Result<()> {
        match self {
            Disk::System => os::symlink(target, link),
            Disk::Own(own) => own.symlink(target, link),
        }
    }

    /// Returns the metadata of a path; of a symbolic link itself unless `follow` is set.
    pub(crate) fn metadata(&self, path: &Path, follow: bool) -> io::Result<Metadata> {
        let metadata = match self {
            Disk::System if follow => fs::metadata(path)?,
            Disk::System => fs::symlink_metadata(path)?,
            Disk::Own(own) => return own.metadata(path, follow),
        };
        Ok(metadata.into())
    }

    /// Renames a file or folder, and replaces an existing target.
    pub(crate) fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Disk::System => fs::rename(from, to),
            Disk::Own(own) => own.rename(from, to, true),
        }
    }

    /// Renames a file or folder; fails if the target exists, if the system supports this in one step.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Disk::System => os::rename(from, to),
            Disk::Own(own) => own.rename(from, to, false),
        }
    }

    /// Creates a folder, by default with the mode that new folders have.
    pub(crate) fn create_dir(&self, path: &Path, mode: Option<u32>) -> io::Result<()> {
        match self {
            Disk::System => os::create_dir(path, mode),
            Disk::Own(own) => own.create_dir(path, mode.unwrap_or(0o777)),
        }
    }

    /// Lists a folder.
    pub(crate) fn read_dir(&self, path: &Path) -> io::Result<Listing> {
        Ok(match self {
            Disk::System => Listing::Open(fs::read_dir(path)?),
            Disk::Own(own) => Listing::in_memory(own.read_dir(path)?),
        })
    }

    /// Returns the folder for temporary files.
    pub(crate) fn temp_dir(&self) -> PathBuf {
        match self {
            Disk::System => std::env::temp_dir(),
            Disk::Own(own) => own.temp_dir(),
        }
    }

    /// Returns the time of the clock that sets the times of files.
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "times of files are those of the system's clock"
            )]
            Disk::System => SystemTime::now(),
            Disk::Own(own) => own.now(),
        }
    }
}
