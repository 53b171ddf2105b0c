//! [`NamedTempFile`].

use std::error::Error;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::{fmt, io};

use super::path_with;
use crate::cancel::shield;
use crate::disk::Removal;
use crate::engine::deliver;
use crate::fs::call::{Limiter, call, check, options};
use crate::fs::{self as files, File, PathError};
use crate::runtime::Runtime;

/// A temporary file with a name; it dereferences to the [`File`].
///
/// Dropping it removes the file in the destructor, which blocks; [`close`](NamedTempFile::close) removes it
/// on a worker thread.
pub struct NamedTempFile<R: Runtime> {
    file: File<R>,
    path: files::Path<R>,
    /// Removes the file when it is dropped.
    removal: Removal,
}

impl<R: Runtime> NamedTempFile<R> {
    pub(super) fn new(file: File<R>, removal: Removal) -> NamedTempFile<R> {
        let path = removal.path().unwrap_or(Path::new(""));
        let path = path_with(path, &file.limiter().cloned());
        NamedTempFile {
            file,
            path,
            removal,
        }
    }

    /// Returns the path.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let file = anyrt::temp::named().await?;
    /// assert!(file.path().is_file().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn path(&self) -> &files::Path<R> {
        &self.path
    }

    /// Writes all accepted bytes, closes the file and removes it, on worker threads.
    ///
    /// It is not a cancel point: in a cancelled scope the file is removed, too.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the file is removed nevertheless.
    ///
    /// # Errors
    ///
    /// Returns the error of the removal, or of a write. A file that is already gone is not an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::named().await?;
    /// file.write_all(b"scratch").await?;
    /// let path = file.path().clone();
    /// file.close().await?;
    /// assert!(!path.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn close(self) -> io::Result<()> {
        let limiter = self.limiter().cloned();
        let NamedTempFile { file, removal, .. } = self;
        shield(async move {
            let written = file.close().await;
            remove::<R>(removal, limiter).await?;
            written
        })
        .await
    }

    /// Keeps the file under its name, and returns it with its path.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let (file, path) = anyrt::temp::named().await?.keep();
    /// file.close().await?;
    /// assert!(path.exists().await?);
    /// path.unlink(false).await?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn keep(self) -> (File<R>, files::Path<R>) {
        let NamedTempFile {
            file,
            path,
            mut removal,
        } = self;
        removal.keep();
        (file, path)
    }

    /// Moves the file to a permanent path, in one step, after all accepted bytes are written. A file with
    /// that path is replaced.
    ///
    /// # Cancel safety
    ///
    /// If it is cancelled or dropped before completing, the file was moved, or it is removed.
    ///
    /// # Errors
    ///
    /// Returns a [`PersistError`], which has the temporary file, and the error of a write or of the
    /// operating system. That is of the kind [`CrossesDevices`](io::ErrorKind::CrossesDevices) if the path
    /// is on another file system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp;
    ///
    /// # anyrt::run(async {
    /// let dir = temp::dir().await?;
    /// let mut file = temp::named().await?;
    /// file.write_all(b"complete").await?;
    /// let target = dir.path().join("report");
    /// file.persist(&target).await?;
    /// assert_eq!(target.read().await?, b"complete");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn persist(mut self, path: impl AsRef<Path>) -> Result<File<R>, PersistError<R>> {
        let path = path.as_ref().to_owned();
        let ready = match check("create", &path) {
            Ok(()) => self.file.flush().await,
            refused => refused,
        };
        let outcome = match ready {
            Ok(()) => self.move_to(path).await,
            Err(error) => Err(PersistError { error, file: self }),
        };
        deliver(outcome).await
    }

    async fn move_to(self, path: std::path::PathBuf) -> Result<File<R>, PersistError<R>> {
        let NamedTempFile {
            mut file,
            path: before,
            removal,
        } = self;
        let mut removal = removal;
        let persist = move || match removal.persist(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err((PathError::wrap("create", &path, error), removal)),
        };
        let moved = options::<R>(file.limiter().cloned()).run(persist);
        match moved.await {
            Ok(path) => {
                file.set_path(&path);
                Ok(file)
            }
            Err((error, removal)) => Err(PersistError {
                error,
                file: NamedTempFile {
                    file,
                    path: before,
                    removal,
                },
            }),
        }
    }
}

async fn remove<R: Runtime>(mut removal: Removal, limiter: Limiter) -> io::Result<()> {
    let path = removal.path().map(Path::to_owned).unwrap_or_default();
    call::<R, _>(limiter, "remove", path, move |_, _| removal.carry_out()).await
}

/// The error of [`NamedTempFile::persist`], with the temporary file.
#[derive(Debug)]
pub struct PersistError<R: Runtime> {
    error: io::Error,
    file: NamedTempFile<R>,
}

impl<R: Runtime> PersistError<R> {
    /// Returns the error of the write or of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let file = anyrt::temp::named().await?;
    /// let error = file.persist("/missing/folder/report").await.unwrap_err();
    /// assert_eq!(error.io_error().kind(), std::io::ErrorKind::NotFound);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn io_error(&self) -> &io::Error {
        &self.error
    }

    /// Returns the file, which is still temporary.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let file = anyrt::temp::named().await?;
    /// let error = file.persist("/missing/folder/report").await.unwrap_err();
    /// let file = error.into_file(); // for another attempt
    /// assert!(file.path().exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_file(self) -> NamedTempFile<R> {
        self.file
    }
}

impl<R: Runtime> fmt::Display for PersistError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot persist a temporary file: {}", self.error)
    }
}

impl<R: Runtime> Error for PersistError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl<R: Runtime> From<PersistError<R>> for io::Error {
    /// Removes the file in its destructor.
    fn from(error: PersistError<R>) -> io::Error {
        error.error
    }
}

impl<R: Runtime> Deref for NamedTempFile<R> {
    type Target = File<R>;

    fn deref(&self) -> &File<R> {
        &self.file
    }
}

impl<R: Runtime> DerefMut for NamedTempFile<R> {
    fn deref_mut(&mut self) -> &mut File<R> {
        &mut self.file
    }
}

impl<R: Runtime> fmt::Debug for NamedTempFile<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedTempFile")
            .field("file", &self.file)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
