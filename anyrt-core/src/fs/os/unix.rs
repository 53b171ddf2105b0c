//! Unix systems.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use crate::fs::call::Stop;

pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Returns whether two paths lead to the same file, and not just to equal ones.
pub(crate) fn same_file(a: &Path, b: &Path) -> io::Result<bool> {
    let number = |metadata: Metadata| (metadata.dev(), metadata.ino());
    Ok(number(a.metadata()?) == number(b.metadata()?))
}

/// Returns whether an error means that there is no such path: `ENOENT`, `ENOTDIR` or `ELOOP`.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP]
        .iter()
        .any(|known| number == Some(known.raw_os_error()))
}

/// Removes a folder with everything in it, and calls `step` before each entry.
///
/// Entries are found by descriptors, so that replacing a folder by a link meanwhile has no effect.
pub(crate) fn remove_all(
    path: &Path,
    step: &mut dyn FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    match open_folder(CWD, path) {
        // The standard library handles links, and has the error for files.
        Err(Errno::NOTDIR | Errno::LOOP) => Ok(fs::remove_dir_all(path)?),
        Err(error) => Err(io::Error::from(error).into()),
        Ok(folder) => {
            clear(&folder, step)?;
            Ok(fs::remove_dir(path)?)
        }
    }
}

fn clear(folder: &OwnedFd, step: &mut dyn FnMut() -> Result<(), Stop>) -> Result<(), Stop> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder).map_err(io::Error::from)? {
        let entry = entry.map_err(io::Error::from)?;
        if ![c".", c".."].contains(&entry.file_name()) {
            entries.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    for (name, kind) in entries {
        step()?;
        if matches!(kind, FileType::Directory | FileType::Unknown) {
            match open_folder(folder, &*name) {
                Ok(inner) => {
                    clear(&inner, step)?;
                    gone(unlinkat(folder, &*name, AtFlags::REMOVEDIR))?;
                    continue;
                }
                Err(Errno::NOTDIR | Errno::LOOP) => {}
                Err(error) => {
                    gone(Err(error))?;
                    continue;
                }
            }
        }
        gone(unlinkat(folder, &*name, AtFlags::empty()))?;
    }
    Ok(())
}

fn open_folder<P: rustix::path::Arg>(at: impl AsFd, path: P) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, path, flags, Mode::empty())
}

/// Treats an entry that is already gone as removed.
fn gone(outcome: Result<(), Errno>) -> io::Result<()> {
    match outcome {
        Err(Errno::NOENT) => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Creates a file with the mode of another file, as far as the umask allows.
pub(crate) fn new_file(path: &Path, like: &Metadata) -> io::Result<File> {
    let mut options = File::options();
    options
        .write(true)
        .create_new(true)
        .mode(like.mode() & 0o777);
    options.open(path)
}

/// Creates a temporary file with the mode that new files have.
pub(crate) fn new_file_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mode = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().make_in(folder, |path| new_temporary_file(path, Some(&mode)))
}

/// Creates a file, by default for the user alone.
pub(crate) fn new_temporary_file(
    path: &Path,
    permissions: Option<&fs::Permissions>,
) -> io::Result<File> {
    let mode = permissions.map_or(0o600, fs::Permissions::mode);
    let mut options = File::options();
    options.read(true).write(true).create_new(true).mode(mode);
    options.open(path)
}

/// Creates a folder, by default for the user alone.
pub(crate) fn new_temporary_dir(
    path: &Path,
    permissions: Option<&fs::Permissions>,
) -> io::Result<()> {
    let mode = permissions.map_or(0o700, fs::Permissions::mode);
    fs::DirBuilder::new().mode(mode).create(path)
}
