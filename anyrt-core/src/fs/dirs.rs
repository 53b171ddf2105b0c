//! Functions about folders.

use std::io;
use std::path::{Path, PathBuf};

use super::call::{Limiter, call, call_cancellable, look};
use super::listing::ReadDir;
use super::path::With;
use crate::runtime::Runtime;

/// The number of entries to remove between two checks of the cancellation.
const CHECK_INTERVAL: usize = 512;

/// Creates a folder.
pub fn create_dir<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    create_dir_at::<R>(None, path.as_ref().to_owned(), false)
}

/// Creates a folder and its missing parents.
pub fn create_dir_all<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    create_dir_at::<R>(None, path.as_ref().to_owned(), true)
}

pub(super) async fn create_dir_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
    all: bool,
) -> io::Result<()> {
    call::<R, _>(limiter, "create", path, move |disk, path| {
        if all {
            disk.create_dir_all(path)
        } else {
            disk.create_dir(path, None)
        }
    })
    .await
}

/// Removes a file.
pub fn remove_file<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    remove_file_at::<R>(None, path.as_ref().to_owned(), false)
}

pub(super) async fn remove_file_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
    missing_ok: bool,
) -> io::Result<()> {
    call::<R, _>(limiter, "remove", path, move |disk, path| {
        match disk.remove_file(path) {
            Err(error) if missing_ok && error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    })
    .await
}

/// Removes an empty folder.
pub fn remove_dir<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    let path = path.as_ref().to_owned();
    call::<R, _>(None, "remove", path, |disk, path| disk.remove_dir(path))
}

/// Removes a folder with everything in it. Symbolic links are removed, and not followed.
///
/// # Cancel safety
///
/// A cancelled caller waits until up to 512 more entries are removed; the rest stays (rule
/// [F2](crate::rules#f2)).
pub fn remove_dir_all<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    remove_dir_all_at::<R>(None, path.as_ref().to_owned())
}

pub(super) async fn remove_dir_all_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
) -> io::Result<()> {
    call_cancellable::<R, _>(limiter, "remove", path, |disk, path| {
        let mut removed = 0;
        disk.remove_all(path, &mut || {
            removed += 1;
            if removed % CHECK_INTERVAL == 1 {
                look()
            } else {
                Ok(())
            }
        })
    })
    .await
}

/// Lists a folder, as a stream of entries with their names, paths and kinds.
///
/// # Cancel safety
///
/// This function is cancel safe: a folder that is opened for a dropped caller is closed again.
pub fn read_dir<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<ReadDir<R>>> + Send {
    read_dir_at::<R>(None, path.as_ref().to_owned())
}

pub(super) async fn read_dir_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
) -> io::Result<ReadDir<R>> {
    let with = With::new(limiter.clone());
    call::<R, _>(limiter, "list", path, |disk, path| {
        Ok(ReadDir::new(path.to_owned(), disk.read_dir(path)?, with))
    })
    .await
}
