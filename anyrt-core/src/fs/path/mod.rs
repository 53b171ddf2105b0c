//! [`Path`]: a path with a limiter.

mod change;
mod contents;
mod look;
mod traits;

use std::env;
use std::ffi::OsStr;
use std::io;
use std::marker::PhantomData;
use std::path::{self, PathBuf};

use super::call::{Limiter, call};
use crate::disk::Disk;
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityLimiter;

/// A path with a limiter for its operations.
///
/// It dereferences to [`std::path::Path`], the plain methods of which do not access the disk; those that do
/// are asynchronous here and have the same names. Paths that are derived from it keep the limiter. Equality,
/// order and hash are those of the path alone.
///
/// A clone costs one atomic operation.
pub struct Path<R: Runtime> {
    path: Arc<path::Path>,
    limiter: Limiter,
    runtime: PhantomData<fn() -> R>,
}

/// The parts besides the path: the limiter.
pub(super) struct With<R> {
    limiter: Limiter,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> With<R> {
    pub(super) fn new(limiter: Limiter) -> With<R> {
        With {
            limiter,
            runtime: PhantomData,
        }
    }

    pub(super) fn limiter(&self) -> Limiter {
        self.limiter.clone()
    }

    pub(super) fn path(&self, path: PathBuf) -> Path<R> {
        Path {
            path: path.into(),
            limiter: self.limiter.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R> Clone for With<R> {
    fn clone(&self) -> Self {
        With {
            limiter: self.limiter.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> Path<R> {
    /// Creates a path that uses the limiter of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// let path = Path::new("src/lib.rs");
    /// assert_eq!(path.file_name().unwrap(), "lib.rs"); // a method of `std::path::Path`
    /// ```
    pub fn new(path: impl Into<PathBuf>) -> Path<R> {
        With::new(None).path(path.into())
    }

    /// Sets the limiter of the path.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// let disk = Arc::new(CapacityLimiter::new(2));
    /// let path = Path::new("photos").with_limiter(&disk).join("may.jpg");
    /// assert!(Arc::ptr_eq(path.limiter().unwrap(), &disk), "derived paths have it too");
    /// ```
    #[must_use]
    pub fn with_limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Self {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Returns the limiter that was set, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert!(Path::new("src").limiter().is_none(), "it uses that of the run");
    /// ```
    pub fn limiter(&self) -> Option<&Arc<CapacityLimiter>> {
        self.limiter.as_ref()
    }

    // ---- without touching the disk ----

    fn derive(&self, path: PathBuf) -> Path<R> {
        With::new(self.limiter.clone()).path(path)
    }

    /// Returns the path of an entry in this folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert_eq!(Path::new("src").join("lib.rs"), Path::new("src/lib.rs"));
    /// ```
    #[must_use]
    pub fn join(&self, name: impl AsRef<path::Path>) -> Path<R> {
        self.derive(self.path.join(name))
    }

    /// Returns the parent folder, if the path has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert_eq!(Path::new("src/lib.rs").parent(), Some(Path::new("src")));
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<Path<R>> {
        Some(self.derive(self.path.parent()?.to_owned()))
    }

    /// Returns the path with another extension.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert_eq!(Path::new("may.jpg").with_extension("png"), Path::new("may.png"));
    /// ```
    #[must_use]
    pub fn with_extension(&self, extension: impl AsRef<OsStr>) -> Path<R> {
        self.derive(self.path.with_extension(extension))
    }

    /// Returns the path with another file name.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert_eq!(Path::new("src/lib.rs").with_file_name("main.rs"), Path::new("src/main.rs"));
    /// ```
    #[must_use]
    pub fn with_file_name(&self, name: impl AsRef<OsStr>) -> Path<R> {
        self.derive(self.path.with_file_name(name))
    }

    /// Returns the path relative to a parent folder; `None` if it is not below that folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// assert_eq!(Path::new("src/fs/mod.rs").relative_to("src"), Some(Path::new("fs/mod.rs")));
    /// assert_eq!(Path::new("src/fs/mod.rs").relative_to("tests"), None);
    /// ```
    #[must_use]
    pub fn relative_to(&self, base: impl AsRef<path::Path>) -> Option<Path<R>> {
        Some(self.derive(self.path.strip_prefix(base).ok()?.to_owned()))
    }

    /// Returns the path with a leading `~` replaced by the home folder of the user, according to the
    /// environment.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the environment does not have it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// # if std::env::var_os("HOME").is_none() { return }
    /// let notes = Path::new("~/notes").expand_home().unwrap();
    /// assert!(!notes.starts_with("~") && notes.ends_with("notes"));
    /// ```
    pub fn expand_home(&self) -> io::Result<Path<R>> {
        let Ok(rest) = self.path.strip_prefix("~") else {
            return Ok(self.clone());
        };
        #[allow(
            deprecated,
            reason = "compilers before 1.87 warn about Windows, where the function is right since 1.85"
        )]
        let home = env::home_dir();
        let home = home.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "the environment has no home folder",
            )
        })?;
        Ok(self.derive(home.join(rest)))
    }

    /// Returns the absolute path, based on the current folder; links and `..` stay.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, such as for an empty path.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Path;
    ///
    /// let path = Path::new("src").absolute().unwrap();
    /// assert!(path.is_absolute() && path.ends_with("src"));
    /// ```
    pub fn absolute(&self) -> io::Result<Path<R>> {
        Ok(self.derive(path::absolute(&*self.path)?))
    }

    /// Calls a function about the path (rule [F1](crate::rules#f1)).
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        function: impl FnOnce(&Disk, &path::Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let limiter = self.limiter.clone();
        call::<R, T>(limiter, operation, self.to_path_buf(), function).await
    }
}
