//! The folder for the sockets of monitors, which belongs to the user and is closed to others.

use std::env;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Returns the folders with the sockets of this user's programs, as far as they exist and are closed to other users.
pub fn monitor_folders() -> Vec<PathBuf> {
    let is_own =
        |folder: &PathBuf| fs::symlink_metadata(folder).is_ok_and(|found| is_private(&found));
    let mut folders = candidates();
    folders.retain(is_own);
    folders
}

/// Returns the possible folders, the preferred one first: `anyrt` in `$XDG_RUNTIME_DIR`, if that is a folder of
/// the user's, and `/tmp/anyrt-UID`.
fn candidates() -> Vec<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let base = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let is_own = |base: &PathBuf| {
        base.is_absolute()
            && fs::metadata(base).is_ok_and(|base| base.is_dir() && base.uid() == user)
    };
    let preferred = base.filter(is_own).map(|base| base.join("anyrt"));
    let other = PathBuf::from(format!("/tmp/anyrt-{user}"));
    preferred.into_iter().chain([other]).collect()
}

/// Creates the preferred folder, if it is missing, and checks that it is closed to other users.
pub(super) fn open_folder() -> io::Result<PathBuf> {
    let folder = candidates().swap_remove(0);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // The metadata of a link itself, since others may have put it there.
    let found = fs::symlink_metadata(&folder)?;
    if is_private(&found) {
        Ok(folder)
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} is not a folder of this user alone: remove it, or give it the mode 0700",
                folder.display()
            ),
        ))
    }
}

fn is_private(folder: &Metadata) -> bool {
    let user = rustix::process::geteuid().as_raw();
    folder.is_dir() && folder.uid() == user && folder.mode() & 0o077 == 0
}

/// A socket's file, which is removed with this, unless another file has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// Takes over the file of a socket that was just bound.
    pub(super) fn of(path: &Path) -> io::Result<SocketFile> {
        let found = fs::symlink_metadata(path)?;
        Ok(SocketFile {
            path: path.to_owned(),
            identity: (found.dev(), found.ino()),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_same = |found: Metadata| (found.dev(), found.ino()) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(is_same) {
            // If it cannot be removed, it is stale, and clients skip it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
