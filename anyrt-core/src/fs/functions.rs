//! Functions about paths.

use std::io;
use std::path::{Path, PathBuf};

use super::call::{Limiter, call, check};
use crate::disk::{Metadata, Permissions, is_missing};
use crate::runtime::Runtime;

/// Returns the metadata of the file or folder that a path leads to.
pub fn metadata<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Metadata>> + Send {
    let path = path.as_ref().to_owned();
    call::<R, _>(None, "look at", path, |disk, path| {
        disk.metadata(path, true)
    })
}

/// Returns the metadata of a path itself: of a symbolic link, not of its target.
pub fn symlink_metadata<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Metadata>> + Send {
    let path = path.as_ref().to_owned();
    call::<R, _>(None, "look at", path, |disk, path| {
        disk.metadata(path, false)
    })
}

/// Returns whether a path leads to a file or folder. A symbolic link without a target does not.
///
/// Returns false only if there is no such path (`ENOENT`, `ENOTDIR`, `ELOOP`). If that cannot be determined, it
/// is an error (rule [F19](crate::rules#f19)).
pub fn exists<R: Runtime>(path: impl AsRef<Path>) -> impl Future<Output = io::Result<bool>> + Send {
    exists_at::<R>(None, path.as_ref().to_owned(), true)
}

pub(super) async fn exists_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
    follow_links: bool,
) -> io::Result<bool> {
    let found = metadata_at::<R, _>(limiter, path, follow_links, |_| true);
    Ok(found.await?.unwrap_or(false))
}

/// Returns the metadata of a path; `None` if there is no such path.
pub(super) async fn metadata_at<R: Runtime, T: Send + 'static>(
    limiter: Limiter,
    path: PathBuf,
    follow_links: bool,
    look: impl FnOnce(&Metadata) -> T + Send + 'static,
) -> io::Result<Option<T>> {
    call::<R, _>(limiter, "look at", path, move |disk, path| {
        match disk.metadata(path, follow_links) {
            Ok(metadata) => Ok(Some(look(&metadata))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await
}

/// Returns a path in its canonical form: absolute, and without symbolic links.
pub fn canonicalize<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<PathBuf>> + Send {
    let path = path.as_ref().to_owned();
    call::<R, _>(None, "resolve", path, |disk, path| disk.canonicalize(path))
}

/// Returns the target of a symbolic link.
pub fn read_link<R: Runtime>(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<PathBuf>> + Send {
    let path = path.as_ref().to_owned();
    call::<R, _>(None, "read the link", path, |disk, path| {
        disk.read_link(path)
    })
}

/// Creates another name for a file.
pub fn hard_link<R: Runtime>(
    original: impl AsRef<Path>,
    link: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    hard_link_at::<R>(None, original, link)
}

pub(super) async fn hard_link_at<R: Runtime>(
    limiter: Limiter,
    original: PathBuf,
    link: PathBuf,
) -> io::Result<()> {
    check("link", &original)?;
    call::<R, _>(limiter, "link", link, move |disk, link| {
        disk.hard_link(&original, link)
    })
    .await
}

/// Renames a file or folder, and fails if the new name exists.
///
/// Linux and macOS check that in the same step, on most of their file systems. Elsewhere it is like [`replace`]
/// (rule [F19](crate::rules#f19)).
pub fn rename<R: Runtime>(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    rename_at::<R>(None, from, to)
}

pub(super) async fn rename_at<R: Runtime>(
    limiter: Limiter,
    from: PathBuf,
    to: PathBuf,
) -> io::Result<()> {
    check("rename", &to)?;
    call::<R, _>(limiter, "rename", from, move |disk, from| {
        disk.rename(from, &to)
    })
    .await
}

/// Renames a file or folder, and replaces a file or folder with the new name.
pub fn replace<R: Runtime>(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    replace_at::<R>(None, from, to)
}

pub(super) async fn replace_at<R: Runtime>(
    limiter: Limiter,
    from: PathBuf,
    to: PathBuf,
) -> io::Result<()> {
    check("rename", &to)?;
    call::<R, _>(limiter, "rename", from, move |disk, from| {
        disk.replace(from, &to)
    })
    .await
}

/// Returns whether two paths lead to the same file or folder.
pub fn same_file<R: Runtime>(
    a: impl AsRef<Path>,
    b: impl AsRef<Path>,
) -> impl Future<Output = io::Result<bool>> + Send {
    let (a, b) = (a.as_ref().to_owned(), b.as_ref().to_owned());
    same_file_at::<R>(None, a, b)
}

pub(super) async fn same_file_at<R: Runtime>(
    limiter: Limiter,
    a: PathBuf,
    b: PathBuf,
) -> io::Result<bool> {
    check("look at", &b)?;
    call::<R, _>(limiter, "look at", a, move |disk, a| disk.same_file(a, &b)).await
}

/// Sets the permissions of a file or folder.
pub fn set_permissions<R: Runtime>(
    path: impl AsRef<Path>,
    permissions: impl Into<Permissions>,
) -> impl Future<Output = io::Result<()>> + Send {
    let path = path.as_ref().to_owned();
    set_permissions_at::<R>(None, path, permissions.into())
}

pub(super) async fn set_permissions_at<R: Runtime>(
    limiter: Limiter,
    path: PathBuf,
    permissions: Permissions,
) -> io::Result<()> {
    call::<R, _>(
        limiter,
        "set the permissions of",
        path,
        move |disk, path| disk.set_permissions(path, permissions),
    )
    .await
}
