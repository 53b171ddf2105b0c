//! Functions for whole files: reading, writing and copying.

use std::io;
use std::path;

use anyrt_core::fs;

use crate::Ambient;

/// Reads a whole file.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 8 MiB.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let bytes = anyrt::run(anyrt::fs::read("Cargo.toml"));
/// assert!(bytes.unwrap().starts_with(b"[package]"));
/// ```
pub fn read(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<Vec<u8>>> + Send {
    fs::read::<Ambient>(path)
}

/// Reads a whole file as text.
///
/// Text that is not UTF-8 is an error of the kind [`InvalidData`](io::ErrorKind::InvalidData).
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 8 MiB.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let text = anyrt::run(anyrt::fs::read_to_string("Cargo.toml"));
/// assert!(text.unwrap().starts_with("[package]"));
/// ```
pub fn read_to_string(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<String>> + Send {
    fs::read_to_string::<Ambient>(path)
}

/// Writes a whole file. The file is created or truncated first.
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
/// let path = std::env::temp_dir().join(format!("anyrt-write-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::write(&path, "to be").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "to be");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn write(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::write::<Ambient>(path, contents)
}

/// Appends to a file, which is created if it is missing.
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
/// let path = std::env::temp_dir().join(format!("anyrt-append-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::append(&path, "to be").await?;
///     anyrt::fs::append(&path, " or not").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "to be or not");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn append(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::append::<Ambient>(path, contents)
}

/// Writes a whole file atomically: readers see the old contents or the new ones, also after a loss of
/// power.
///
/// It writes a temporary file in the same folder, sets the permissions of the old file, flushes it to
/// the disk, and renames it. A symbolic link is followed.
///
/// # Cancel safety
///
/// If it is cancelled before the rename, the target is unchanged, and no temporary file is left.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-write-atomic-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::write_atomic(&path, "all of it").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "all of it");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn write_atomic(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::write_atomic::<Ambient>(path, contents)
}

/// Copies the contents and the permissions of a file. Returns the number of bytes.
///
/// # Cancel safety
///
/// If it is cancelled, it stops within 8 MiB, and removes the target if it has created it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](super::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-copy-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let count = anyrt::fs::copy("Cargo.toml", &path).await?;
///     Ok::<_, std::io::Error>(count == std::fs::metadata(&path)?.len())
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn copy(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<u64>> + Send {
    fs::copy::<Ambient>(from, to)
}
