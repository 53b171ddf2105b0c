//! Paths that match a pattern.

use std::error::Error;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use futures_core::Stream;
use globset::{GlobBuilder, GlobMatcher};

use super::Path;
#[cfg(doc)]
use super::PathError;
use super::call::Limiter;
use super::listing::{Batches, Source, next};
use super::path::With;
use super::walk::WalkSource;
use crate::disk::is_missing;
use crate::runtime::Runtime;

/// Finds the paths that match a pattern.
///
/// `*` and `?` match within a name, `**` as a whole name matches any number of folders, `[a-z]` one
/// character, `{a,b}` either. A backslash escapes the next character, except on Windows. Names with a leading
/// dot match like others. The search begins at the longest plain prefix, and goes no deeper than the pattern
/// can match. Symbolic links are not followed, except in that prefix.
///
/// # Errors
///
/// [`GlobError`] if the pattern is invalid.
pub fn glob<R: Runtime>(pattern: &str) -> Result<Glob<R>, GlobError> {
    Glob::new(PathBuf::new(), pattern, None)
}

/// The paths that match a pattern, as a [`Stream`].
///
/// # Cancel safety
///
/// The stream is cancel safe: paths that were found are kept.
pub struct Glob<R: Runtime> {
    batches: Batches<R, GlobSource<R>>,
}

struct GlobSource<R: Runtime> {
    walk: WalkSource<R>,
    /// The folder where the walk begins; empty for the current folder.
    prefix: PathBuf,
    /// `None` if the pattern is a plain path.
    matcher: Option<GlobMatcher>,
    with: With<R>,
}

impl<R: Runtime> Glob<R> {
    pub(super) fn new(
        base: PathBuf,
        pattern: &str,
        limiter: Limiter,
    ) -> Result<Glob<R>, GlobError> {
        let names: Vec<&str> = pattern.split('/').collect();
        let plain = names.iter().take_while(|name| is_plain(name)).count();
        let (plain, names) = names.split_at(plain);
        let mut prefix = base;
        if pattern.starts_with('/') {
            prefix.push("/");
        }
        prefix.extend(plain);
        let matcher = match names {
            [] => None,
            names => Some(compile(&names.join("/"))?),
        };
        let with = With::new(limiter.clone());
        let root = if prefix.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            prefix.clone()
        };
        let mut walk = WalkSource::new(root.clone(), with.clone());
        // The patterns of single names; none if a separator is inside braces or brackets, or escaped: then a part
        // between separators is invalid on its own.
        let single: Result<Vec<_>, _> = names.iter().map(|name| compile(name)).collect();
        let has_limit = single.is_ok() && !names.iter().any(|name| name.contains("**"));
        walk.change(|options| {
            options.min_depth = usize::from(pattern.is_empty());
            options.max_depth = match has_limit {
                true => names.len(),
                false => usize::MAX,
            };
        });
        // The names that match one component each, up to the first that matches several.
        let mut levels = single.unwrap_or_default();
        let is_single = |name: &&&str| !name.contains("**");
        levels.truncate(names.iter().take_while(is_single).count());
        walk.filter = Some(Box::new(move |entry| {
            let level = entry.depth().checked_sub(1);
            let level = level.and_then(|level| levels.get(level));
            level.is_none_or(|level| level.is_match(entry.file_name()))
        }));
        let source = GlobSource {
            walk,
            prefix,
            matcher,
            with,
        };
        Ok(Glob {
            batches: Batches::new(source, limiter),
        })
    }

    /// Returns the next path; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing that was found is lost.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut found = anyrt::fs::glob("src/**/mod.rs")?;
    /// while let Some(path) = found.next().await {
    ///     assert!(path?.ends_with("mod.rs"));
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn next(&mut self) -> Option<io::Result<Path<R>>> {
        next(self, |this| this.batches.left()).await
    }
}

fn is_plain(name: &str) -> bool {
    !name.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

fn compile(pattern: &str) -> Result<GlobMatcher, GlobError> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .empty_alternates(true)
        .build();
    Ok(glob.map_err(GlobError)?.compile_matcher())
}

impl<R: Runtime> Source for GlobSource<R> {
    type Item = io::Result<Path<R>>;

    fn step(&mut self) -> Option<Option<Self::Item>> {
        let entry = match self.walk.step()? {
            Some(Ok(entry)) => entry,
            // Nothing at a plain path, or a file in place of a folder.
            Some(Err(error)) if is_missing(&error) => return Some(None),
            Some(Err(error)) => return Some(Some(Err(error))),
            None => return Some(None),
        };
        let Some(matcher) = &self.matcher else {
            return Some(Some(Ok(entry.into_path())));
        };
        let root = if self.prefix.as_os_str().is_empty() {
            std::path::Path::new(".")
        } else {
            &self.prefix
        };
        let below = entry.path().strip_prefix(root).ok()?;
        let matches = entry.depth() > 0 && matcher.is_match(below);
        let found = matches.then(|| Ok(self.with.path(self.prefix.join(below))));
        Some(found)
    }
}

impl<R: Runtime> Stream for Glob<R> {
    type Item = io::Result<Path<R>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().batches.poll_next(cx)
    }
}

impl<R: Runtime> fmt::Debug for Glob<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Glob").finish_non_exhaustive()
    }
}

impl<R: Runtime> Path<R> {
    /// Finds the paths in the folder that match a pattern; see [`glob`](fn@glob).
    ///
    /// # Errors
    ///
    /// [`GlobError`] if the pattern is invalid.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # anyrt::run(async {
    /// let mut found = Path::new("src").glob("lib.rs")?;
    /// assert_eq!(found.next().await.unwrap()?, Path::new("src/lib.rs"));
    /// assert!(found.next().await.is_none());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn glob(&self, pattern: &str) -> Result<Glob<R>, GlobError> {
        Glob::new(self.to_path_buf(), pattern, self.limiter().cloned())
    }
}

/// Error: a pattern is invalid, for example because a bracket is not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError(globset::Error);

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for GlobError {}

impl From<GlobError> for io::Error {
    fn from(error: GlobError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, error)
    }
}
