use anyrt_core::fs;

use crate::Ambient;

pub use anyrt_core::fs::GlobError;

/// The paths that match a pattern, as a stream; see [`glob`](fn@glob).
pub type Glob = fs::Glob<Ambient>;

/// Finds the paths that match a pattern.
///
/// `*` and `?` match within a name, `**` as a whole name any number of folders, `[a-z]` one character,
/// `{a,b}` either; a backslash takes the meaning from what follows, except on Windows. Names with a
/// leading dot match as others do. The search begins at the longest plain prefix, and goes no deeper
/// than the pattern can match. Symbolic links are not followed, except in that prefix.
///
/// # Errors
///
/// [`GlobError`] for a pattern that is wrong.
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
