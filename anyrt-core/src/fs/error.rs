//! [`PathError`].

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// An error of the operating system, with the operation and the path that it is about.
///
/// It is inside the [`io::Error`]s of this module, which have the kind of the original:
///
/// ```
/// # fn look(error: &std::io::Error) {
/// use anyrt::fs::PathError;
///
/// let path = PathError::of(error).map(PathError::path);
/// # let _ = path;
/// # }
/// ```
#[derive(Debug)]
pub struct PathError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl PathError {
    /// Wraps an error of the operating system; other errors are clear without that.
    pub(crate) fn wrap(operation: &'static str, path: &Path, error: io::Error) -> io::Error {
        if error.get_ref().is_some_and(|inner| inner.is::<PathError>()) {
            return error;
        }
        let inner = PathError {
            operation,
            path: path.to_owned(),
            source: error,
        };
        io::Error::new(inner.source.kind(), inner)
    }

    /// Returns the path's error inside an [`io::Error`], or `None` if it has another cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{PathError, read};
    ///
    /// # anyrt::run(async {
    /// let error = read("missing").await.unwrap_err();
    /// assert!(PathError::of(&error).is_some());
    /// let other = std::io::Error::other("nothing of a path");
    /// assert!(PathError::of(&other).is_none());
    /// # });
    /// ```
    pub fn of(error: &io::Error) -> Option<&PathError> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the name of the operation, such as `open`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{PathError, read};
    ///
    /// # anyrt::run(async {
    /// let error = read("missing").await.unwrap_err();
    /// let error = PathError::of(&error).unwrap();
    /// assert_eq!(error.operation(), "read");
    /// # });
    /// ```
    pub fn operation(&self) -> &str {
        self.operation
    }

    /// Returns the path that was passed to the operation.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{PathError, read};
    /// use std::path::Path;
    ///
    /// # anyrt::run(async {
    /// let error = read("missing").await.unwrap_err();
    /// let error = PathError::of(&error).unwrap();
    /// assert_eq!(error.path(), Path::new("missing"));
    /// # });
    /// ```
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{PathError, read};
    /// use std::io::ErrorKind;
    ///
    /// # anyrt::run(async {
    /// let error = read("missing").await.unwrap_err();
    /// let error = PathError::of(&error).unwrap();
    /// assert_eq!(error.io_error().kind(), ErrorKind::NotFound);
    /// # });
    /// ```
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, path) = (self.operation, self.path.display());
        write!(f, "cannot {operation} `{path}`: {}", self.source)
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
