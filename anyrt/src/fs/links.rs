//! Symbolic links.

use std::io;
use std::path::Path;

use anyrt_core::fs;

use crate::Ambient;

/// Creates a symbolic link.
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
/// let link = std::env::temp_dir().join(format!("anyrt-link-{}", std::process::id()));
/// let target = anyrt::run(async {
///     anyrt::fs::symlink("anywhere", &link).await?;
///     anyrt::fs::read_link(&link).await
/// });
/// assert_eq!(target.unwrap(), std::path::Path::new("anywhere"));
/// # std::fs::remove_file(link).unwrap();
/// ```
pub fn symlink(
    original: impl AsRef<Path>,
    link: impl AsRef<Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::symlink::<Ambient>(original, link)
}
