//! The traits of the standard library, which are those of the path alone.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::path::{self, PathBuf};

use super::Path;
use crate::runtime::Runtime;

impl<R: Runtime> Deref for Path<R> {
    type Target = path::Path;

    fn deref(&self) -> &path::Path {
        &self.path
    }
}

impl<R: Runtime> AsRef<path::Path> for Path<R> {
    fn as_ref(&self) -> &path::Path {
        &self.path
    }
}

impl<R: Runtime> AsRef<OsStr> for Path<R> {
    fn as_ref(&self) -> &OsStr {
        self.path.as_os_str()
    }
}

impl<R: Runtime> From<PathBuf> for Path<R> {
    fn from(path: PathBuf) -> Self {
        Path::new(path)
    }
}

impl<R: Runtime> From<&path::Path> for Path<R> {
    fn from(path: &path::Path) -> Self {
        Path::new(path)
    }
}

impl<R: Runtime> From<&str> for Path<R> {
    fn from(path: &str) -> Self {
        Path::new(path)
    }
}

impl<R: Runtime> From<Path<R>> for PathBuf {
    fn from(path: Path<R>) -> PathBuf {
        path.to_path_buf()
    }
}

impl<R: Runtime> Clone for Path<R> {
    fn clone(&self) -> Self {
        Path {
            path: self.path.clone(),
            limiter: self.limiter.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> PartialEq for Path<R> {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl<R: Runtime> Eq for Path<R> {}

impl<R: Runtime> PartialOrd for Path<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R: Runtime> Ord for Path<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path)
    }
}

impl<R: Runtime> Hash for Path<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl<R: Runtime> fmt::Debug for Path<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}
