//! Functions for folders, and the removal of files.

use std::io;
use std::path;

use anyrt_core::fs;

use super::{ReadDir, Walk};
use crate::Ambient;

/// Creates a folder.
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
/// let error = anyrt::run(anyrt::fs::create_dir("src")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
/// ```
pub fn create_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::create_dir::<Ambient>(path)
}

/// Creates a folder, and its missing parents.
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
/// anyrt::run(anyrt::fs::create_dir_all("src")).unwrap();
/// ```
pub fn create_dir_all(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::create_dir_all::<Ambient>(path)
}

/// Removes a file.
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
/// let path = std::env::temp_dir().join(format!("anyrt-remove-file-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     anyrt::fs::remove_file(&path).await?;
///     let exists = anyrt::fs::exists(&path).await;
///     std::fs::write(&path, "")?;
///     exists
/// });
/// assert_eq!(outcome.unwrap(), false);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn remove_file(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_file::<Ambient>(path)
}

/// Removes an empty folder.
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
/// let error = anyrt::run(anyrt::fs::remove_dir("missing")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn remove_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_dir::<Ambient>(path)
}

/// Removes a folder with its contents. Symbolic links are removed, not followed.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 512 entries; the
/// remaining entries are not removed.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let error = anyrt::run(anyrt::fs::remove_dir_all("missing")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn remove_dir_all(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_dir_all::<Ambient>(path)
}

/// Lists a folder, as a stream of entries with their paths and kinds.
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
/// let names = anyrt::run(async {
///     let mut entries = anyrt::fs::read_dir("src").await?;
///     let mut names = Vec::new();
///     while let Some(entry) = entries.next().await {
///         names.push(entry?.file_name().to_owned());
///     }
///     Ok::<_, std::io::Error>(names)
/// });
/// assert!(names.unwrap().contains(&"lib.rs".into()));
/// ```
pub fn read_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<ReadDir>> + Send {
    fs::read_dir::<Ambient>(path)
}

/// Walks through a folder and all folders below it.
///
/// The first entry is the folder itself; a folder comes before its contents. An entry that cannot be
/// inspected is an error item with its path, and the walk continues. See [`Walk`](anyrt_core::fs::Walk)
/// for options.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let sources = anyrt::run(async {
///     let mut walk = anyrt::fs::walk("src").filter(|entry| entry.file_name() != "interop");
///     let mut sources = 0;
///     while let Some(entry) = walk.next().await {
///         sources += usize::from(entry?.path().extension() == Some("rs".as_ref()));
///     }
///     Ok::<_, std::io::Error>(sources)
/// });
/// assert!(sources.unwrap() > 10);
/// ```
pub fn walk(path: impl AsRef<path::Path>) -> Walk {
    fs::walk(path)
}
