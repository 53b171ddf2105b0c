//! The facet for runtimes with their own files, such as a simulation.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::disk::{FileType, Metadata, Permissions};

/// A file system that is not that of the operating system; see
/// [`Blocking::file_system`](super::Blocking::file_system).
///
/// # Contract
///
/// 1. Core calls the functions on worker threads, and in destructors of temporary files. They MAY block as
///    functions of [`Blocking`](super::Blocking) may.
/// 2. Functions MUST behave like those of the operating system with the same purpose, in one step each: after
///    an error nothing has changed.
/// 3. Errors SHOULD have the number that the operating system would use, so that programs can
///    distinguish them.
/// 4. Paths are passed as the program wrote them. A relative one MUST be resolved against the current folder of
///    the file system.
#[expect(
    clippy::missing_errors_doc,
    reason = "all return the errors of rule 3 of `FileSystem`"
)]
pub trait FileSystem: fmt::Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, mode: &OpenMode) -> io::Result<Box<dyn OpenFile>>;

    /// Returns the metadata of a path; of a symbolic link itself unless `follow` is set.
    fn metadata(&self, path: &Path, follow: bool) -> io::Result<Metadata>;

    /// Sets the permissions of a file or folder. Links are followed.
    fn set_permissions(&self, path: &Path, permissions: Permissions) -> io::Result<()>;

    /// Creates a folder with this mode, less the mask of the process.
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file or a symbolic link.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or folder. An existing target is replaced if `replace` is set, and is otherwise an
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) error.
    fn rename(&self, from: &Path, to: &Path, replace: bool) -> io::Result<()>;

    /// Creates another name for a file.
    fn hard_link(&self, original: &Path, link: &Path) -> io::Result<()>;

    /// Creates a symbolic link.
    fn symlink(&self, target: &Path, link: &Path) -> io::Result<()>;

    /// Returns the target of a symbolic link.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;

    /// Returns a path in its canonical form: absolute, and without symbolic links.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// Returns the names and types of the entries of a folder, without `.` and `..`.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<(OsString, FileType)>>;

    /// Returns the folder for temporary files.
    fn temp_dir(&self) -> PathBuf;

    /// Returns the time of the clock that sets the times of files.
    fn now(&self) -> SystemTime;

    /// Returns a random number, for names of temporary files.
    fn random(&self) -> u64;
}

/// An open file of a [`FileSystem`]. Dropping it closes it.
///
/// Reads and writes MAY transfer fewer bytes than requested, as with the operating system. Zero bytes from a
/// read of a non-empty buffer are the end of the file.
#[expect(
    clippy::missing_errors_doc,
    reason = "all return the errors of rule 3 of `FileSystem`"
)]
pub trait OpenFile: fmt::Debug + Send + Sync {
    /// Reads at the position, and moves it.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes at the position, or at the end if the file was opened for appending, and moves the position.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Moves the position, and returns it.
    fn seek(&self, to: SeekFrom) -> io::Result<u64>;

    /// Reads at an offset; the position stays.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at an offset; the position stays.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Sets the length; added bytes are zero.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Returns the metadata.
    fn metadata(&self) -> io::Result<Metadata>;

    /// Sets the permissions.
    fn set_permissions(&self, permissions: Permissions) -> io::Result<()>;

    /// Sets the time of the last modification.
    fn set_modified(&self, time: SystemTime) -> io::Result<()>;

    /// Waits until all written bytes would survive a crash; with `data_only`, metadata that is not needed to
    /// read them may be lost.
    fn sync(&self, data_only: bool) -> io::Result<()>;

    /// Tries to lock the file against other handles, and returns whether it did.
    fn try_lock(&self, shared: bool) -> io::Result<bool>;

    /// Releases the lock.
    fn unlock(&self) -> io::Result<()>;
}

/// The ways in which a file is opened, with the meanings of [`std::fs::OpenOptions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenMode {
    /// Opens for reading.
    pub read: bool,
    /// Opens for writing.
    pub write: bool,
    /// Opens for writing at the end.
    pub append: bool,
    /// Truncates the file.
    pub truncate: bool,
    /// Creates the file if it is missing.
    pub create: bool,
    /// Creates the file, and fails if it exists.
    pub create_new: bool,
    /// The mode of a created file, less the mask of the process; `None` for `0o666`. Only Unix has modes.
    pub mode: Option<u32>,
}

impl OpenMode {
    /// The mode in which nothing is set.
    pub(crate) const NONE: OpenMode = OpenMode {
        read: false,
        write: false,
        append: false,
        truncate: false,
        create: false,
        create_new: false,
        mode: None,
    };

    /// The mode of `File::open`: for reading.
    pub(crate) const READ: OpenMode = OpenMode {
        read: true,
        ..OpenMode::NONE
    };

    /// The mode of `File::create`: for writing, truncated, created if it is missing.
    pub(crate) const CREATE: OpenMode = OpenMode {
        write: true,
        truncate: true,
        create: true,
        ..OpenMode::NONE
    };

    /// The mode for appending; created if it is missing.
    pub(crate) const APPEND: OpenMode = OpenMode {
        append: true,
        create: true,
        ..OpenMode::NONE
    };
}
