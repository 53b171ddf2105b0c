//! Functions for a file or folder at a path: names, links, metadata and permissions.

use std::io;
use std::path::{self, PathBuf};

use anyrt_core::fs::{self, Metadata, Permissions};

use crate::Ambient;

/// Renames a file or folder. A target that exists is an error.
///
/// Linux and macOS check that atomically, on most of their file systems. On other systems it works like
/// [`replace`].
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-rename-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     let refused = anyrt::fs::rename(&path, "Cargo.toml").await;
///     Ok::<_, std::io::Error>(refused.is_err() || !cfg!(unix))
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn rename(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::rename::<Ambient>(from, to)
}

/// Renames a file or folder, and replaces the target if it exists.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-replace-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let new = path.with_extension("new");
///     std::fs::write(&new, "new")?;
///     std::fs::write(&path, "old")?;
///     anyrt::fs::replace(&new, &path).await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "new");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn replace(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::replace::<Ambient>(from, to)
}

/// Returns the metadata of the file or folder at a path, following symbolic links.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let metadata = anyrt::run(anyrt::fs::metadata("src"));
/// assert!(metadata.unwrap().is_dir());
/// ```
pub fn metadata(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<Metadata>> + Send {
    fs::metadata::<Ambient>(path)
}

/// Returns the metadata of a path itself: of a symbolic link, not of its target.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let metadata = anyrt::run(anyrt::fs::symlink_metadata("src"));
/// assert!(!metadata.unwrap().is_symlink());
/// ```
pub fn symlink_metadata(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<Metadata>> + Send {
    fs::symlink_metadata::<Ambient>(path)
}

/// Returns whether a path exists.
///
/// It is `false` only if there is no such path. If that cannot be determined, it is an error.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let exists = anyrt::run(anyrt::fs::exists("Cargo.toml/below"));
/// assert!(!exists.unwrap());
/// ```
pub fn exists(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<bool>> + Send {
    fs::exists::<Ambient>(path)
}

/// Returns a path in its canonical form: absolute, and without symbolic links.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = anyrt::run(anyrt::fs::canonicalize("src"));
/// assert!(path.unwrap().is_absolute());
/// ```
pub fn canonicalize(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<PathBuf>> + Send {
    fs::canonicalize::<Ambient>(path)
}

/// Returns the target of a symbolic link.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let link = anyrt::run(anyrt::fs::read_link("src"));
/// assert!(link.is_err(), "it is not a link");
/// ```
pub fn read_link(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<PathBuf>> + Send {
    fs::read_link::<Ambient>(path)
}

/// Creates a hard link to a file.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-hard-link-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let original = path.with_extension("original");
///     std::fs::write(&original, "one")?;
///     anyrt::fs::hard_link(&original, &path).await?;
///     std::fs::remove_file(original)?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "one");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn hard_link(
    original: impl AsRef<path::Path>,
    link: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::hard_link::<Ambient>(original, link)
}

/// Returns whether two paths lead to the same file or folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let same = anyrt::run(anyrt::fs::same_file("src", "src/../src"));
/// assert!(same.unwrap());
/// ```
pub fn same_file(
    a: impl AsRef<path::Path>,
    b: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<bool>> + Send {
    fs::same_file::<Ambient>(a, b)
}

/// Sets the permissions of a file or folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-set-permissions-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     let mut permissions = std::fs::metadata(&path)?.permissions();
///     permissions.set_readonly(true);
///     anyrt::fs::set_permissions(&path, permissions).await?;
///     Ok::<_, std::io::Error>(std::fs::metadata(&path)?.permissions().readonly())
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn set_permissions(
    path: impl AsRef<path::Path>,
    permissions: impl Into<Permissions>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::set_permissions::<Ambient>(path, permissions)
}
