//! Calls on paths on Unix.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use crate::disk::{Metadata, Permissions};

/// The identity of a file, which all its names share: the numbers of the file system and of the file in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::disk) struct Identity(u64, u64);

/// Returns the identity of the file with this metadata.
pub(in crate::disk) fn identity(metadata: &Metadata, _path: &Path) -> io::Result<Identity> {
    Ok(Identity(metadata.dev(), metadata.ino()))
}

/// Removes a folder with everything in it, and calls `step` before each entry.
///
/// Entries are found by descriptors, so that replacing a folder by a link meanwhile has no effect.
pub(in crate::disk) fn remove_all<E: From<io::Error>>(
    path: &Path,
    step: &mut dyn FnMut() -> Result<(), E>,
) -> Result<(), E> {
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

fn clear<E: From<io::Error>>(
    folder: &OwnedFd,
    step: &mut dyn FnMut() -> Result<(), E>,
) -> Result<(), E> {
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

/// Returns whether an error means that too many links were followed.
pub(in crate::disk) fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// Sets the permissions at a path.
pub(in crate::disk) fn set_permissions(path: &Path, permissions: &Permissions) -> io::Result<()> {
    fs::set_permissions(path, PermissionsExt::from_mode(permissions.bits()))
}

/// Creates a folder.
pub(in crate::disk) fn create_dir(path: &Path, mode: Option<u32>) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    if let Some(mode) = mode {
        builder.mode(mode);
    }
    builder.create(path)
}

/// Creates a symbolic link.
pub(in crate::disk) fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}
