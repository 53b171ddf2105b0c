//! Paths that match a pattern.

use anyrt_core::fs;

use crate::Ambient;

pub use anyrt_core::fs::GlobError;

/// A stream of the paths that match a pattern; see [`glob`](fn@glob).
pub type Glob = fs::Glob<Ambient>;

/// Finds the paths that match a pattern.
///
/// `*` and `?` match within a name, `**` as a whole name matches any number of folders, `[a-z]` matches
/// one character, and `{a,b}` either alternative. A backslash escapes the next character, except on
/// Windows. A leading dot is not special. The search begins at the longest plain prefix, and does not
/// descend deeper than the pattern can match. Symbolic links are not followed, except in that prefix.
///
/// # Errors
///
/// Returns a [`GlobError`] if the pattern is invalid.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let found = anyrt::run(async {
///     let mut found = anyrt::fs::glob("src/**/{lib,fs}.rs")?;
///     let mut paths = Vec::new();
///     while let Some(path) = found.next().await {
///         paths.push(path?);
///     }
///     paths.sort();
///     Ok::<_, std::io::Error>(paths)
/// });
/// assert_eq!(found.unwrap(), ["src/fs.rs".into(), "src/lib.rs".into()]);
/// ```
pub fn glob(pattern: &str) -> Result<Glob, GlobError> {
    fs::glob(pattern)
}
