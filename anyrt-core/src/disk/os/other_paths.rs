//! Calls on paths on systems other than Unix.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Metadata, Permissions};

/// The identity of a file, which all its names share: the canonical path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::disk) struct Identity(PathBuf);

/// Returns the identity of the file at this path.
pub(in crate::disk) fn identity(_metadata: &Metadata, path: &Path) -> io::Result<Identity> {
    Ok(Identity(fs::canonicalize(path)?))
}

/// Removes a folder with everything in it, in one step.
pub(in crate::disk) fn remove_all<E: From<io::Error>>(
    path: &Path,
    step: &mut dyn FnMut() -> Result<(), E>,
) -> Result<(), E> {
    step()?;
    Ok(fs::remove_dir_all(path)?)
}

/// Returns whether an error means that too many links were followed.
pub(in crate::disk) fn is_link_loop(_error: &io::Error) -> bool {
    false
}

/// Sets the permissions at a path.
pub(in crate::disk) fn set_permissions(path: &Path, permissions: &Permissions) -> io::Result<()> {
    let mut now = fs::metadata(path)?.permissions();
    now.set_readonly(permissions.readonly());
    fs::set_permissions(path, now)
}

/// Creates a folder.
pub(in crate::disk) fn create_dir(path: &Path, mode: Option<u32>) -> io::Result<()> {
    fs::create_dir(path)?;
    match mode {
        Some(mode) => set_permissions(path, &Permissions::new(mode)),
        None => Ok(()),
    }
}

/// Creates no link: other systems want to know what the target is, and may not allow it.
pub(in crate::disk) fn symlink(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
