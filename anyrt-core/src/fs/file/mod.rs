//! [`File`]: an open file, a shell around the engine of `stream/file/engine`.

mod lock;
mod open;
mod read;
mod traits;
mod write;

use std::fmt;
use std::fs;
use std::io::{self, SeekFrom};
use std::path::Path;

use super::PathError;
use crate::disk::{Handle, Metadata, Permissions};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::stream::file::engine::{Engine, EngineOptions};
use crate::stream::{Attributes, Request};
use crate::sync::CapacityLimiter;

/// An open file.
///
/// It implements [`AsyncRead`], [`AsyncBufRead`], [`AsyncWrite`] and [`AsyncSeek`] of `futures::io`, and is a
/// byte stream. Its calls run on worker threads, one at a time. On Linux, up to 128 KiB that the system has
/// in memory are read without a call, if the file system supports this (`RWF_NOWAIT`) and the file does not
/// have its own limiter.
///
/// Reads run ahead: they grow from 16 to 512 KiB while the file is read in order, and continue with up to 1
/// MiB more before it is requested. The end of the file is reported once; later reads check again, since
/// files grow. Writing begins at once and gathers bytes that are written meanwhile, up to 512 KiB. The
/// *position* is the number of bytes consumed and written; the descriptor may be ahead of it, and is set back
/// before it matters. A file without a position, such as a pipe or a terminal, is never sought.
///
/// Attributes: [`FilePath`](crate::stream::FilePath) if it was opened by path, and
/// [`FileHandle`](crate::stream::FileHandle), whose position may be ahead.
///
/// # Cancel safety
///
/// In a cancelled scope no operation begins, and a call on a worker thread cannot be interrupted: a cancelled
/// caller waits for it, a dropped one does not. The file owns the call, so bytes that it has read are read
/// next, and bytes that were accepted are written.
///
/// # Dropping
///
/// Dropping a file loses no accepted bytes: the run waits until the rest is written, and an error goes to its
/// `unhandled` hook. Without a run the destructor writes. To get the error, [flush](File::flush),
/// [close](File::close) or [sync](File::sync_all) the file.
///
/// # Errors
///
/// All errors of the operating system name the operation and the path; see [`PathError`]. A failed write
/// keeps its bytes: the next operation returns the error, and a later flush tries again.
///
/// # Panics
///
/// The operations panic if there is no current runtime.
///
/// [`AsyncRead`]: futures_io::AsyncRead
/// [`AsyncBufRead`]: futures_io::AsyncBufRead
/// [`AsyncWrite`]: futures_io::AsyncWrite
/// [`AsyncSeek`]: futures_io::AsyncSeek
pub struct File<R: Runtime> {
    engine: Engine<R>,
    /// The seek that `poll_seek` has started.
    seeking: Option<(u64, SeekFrom)>,
}

impl<R: Runtime> File<R> {
    /// Creates a file from an open file, at its current position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut file = File::from_std(std::fs::File::open("Cargo.toml")?);
    /// let mut start = [0; 9];
    /// file.read_exact(&mut start).await?;
    /// assert_eq!(&start, b"[package]");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_std(file: fs::File) -> Self {
        File::opened(file, None, None)
    }

    /// Creates a file from an open file, with its own limiter.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let disk = Arc::new(CapacityLimiter::new(2));
    /// let file = File::from_std_with(std::fs::File::open("Cargo.toml")?, &disk);
    /// assert!(Arc::ptr_eq(file.limiter().unwrap(), &disk));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn from_std_with(file: fs::File, limiter: &Arc<CapacityLimiter>) -> Self {
        File::opened(file, None, Some(limiter.clone()))
    }

    pub(crate) fn opened(
        file: impl Into<Handle>,
        path: Option<&Path>,
        limiter: Option<Arc<CapacityLimiter>>,
    ) -> Self {
        let options = EngineOptions {
            limiter,
            ..engine_options()
        };
        File::with(Engine::new(file.into(), path.map(Into::into), options))
    }

    pub(crate) fn with(engine: Engine<R>) -> Self {
        File {
            engine,
            seeking: None,
        }
    }

    /// Returns the open file, at its position, after everything is written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the file.
    ///
    /// # Errors
    ///
    /// Returns the error of a write that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    /// use std::io::{Seek, SeekFrom};
    ///
    /// # anyrt::run(async {
    /// let mut file = File::open("Cargo.toml").await?;
    /// file.seek(SeekFrom::Start(7)).await?;
    /// let mut std = file.into_std().await?;
    /// assert_eq!(std.stream_position()?, 7);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn into_std(self) -> io::Result<fs::File> {
        let path = self.engine.path().map(Path::to_owned);
        let outcome = self.engine.into_std().await;
        outcome.map_err(|error| wrap("write", path.as_deref(), error))
    }

    /// Returns the limiter that the file was given.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let file = File::open("Cargo.toml").await?;
    /// assert!(file.limiter().is_none(), "it uses that of the run");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn limiter(&self) -> Option<&Arc<CapacityLimiter>> {
        self.engine.options().limiter.as_ref()
    }

    /// Notes that the file was renamed.
    pub(crate) fn set_path(&mut self, path: &Path) {
        self.engine.set_path(path.into());
    }

    // ---- the position, and the file itself ----

    /// Moves the position, and returns it, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before completing, the position was moved or not.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) for a position before the beginning.
    /// - Returns the error of the operating system; not every file has a position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    /// use std::io::SeekFrom;
    ///
    /// # anyrt::run(async {
    /// let mut file = File::open("Cargo.toml").await?;
    /// let end = file.seek(SeekFrom::End(0)).await?;
    /// assert_eq!(end, file.metadata().await?.len());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let outcome = self.engine.seek(to).await;
        outcome.map_err(|error| self.wrap("seek in", error))
    }

    /// Returns the position, in bytes from the beginning.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; not every file has a position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::File;
    ///
    /// # anyrt::run(async {
    /// let mut file = File::open("Cargo.toml").await?;
    /// file.read_exact(&mut [0; 4]).await?;
    /// assert_eq!(file.tell().await?, 4);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn tell(&mut self) -> io::Result<u64> {
        let outcome = self.engine.tell().await;
        outcome.map_err(|error| self.wrap("seek in", error))
    }

    /// Sets the length of the file; added bytes are zero.
    ///
    /// # Cancel safety
    ///
    /// As for each operation of the [file](File#cancel-safety): once it has begun, it is carried out.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"to be").await?;
    /// file.set_len(2).await?;
    /// assert_eq!(file.metadata().await?.len(), 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.call("set the length of", true, move |file, _| {
            file.set_len(length)
        })
        .await
    }

    /// Returns the metadata, after everything is written.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let mut file = anyrt::temp::file().await?;
    /// file.write_all(b"to be").await?;
    /// assert_eq!(file.metadata().await?.len(), 5);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn metadata(&mut self) -> io::Result<Metadata> {
        self.call("look at", false, |file, _| file.metadata()).await
    }

    /// Sets the permissions.
    ///
    /// # Cancel safety
    ///
    /// As for each operation of the [file](File#cancel-safety): once it has begun, it is carried out.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::{File, Permissions};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let mut file = File::create(dir.path().join("report")).await?;
    /// file.set_permissions(Permissions::new(0o400)).await?;
    /// assert!(file.metadata().await?.permissions().readonly());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn set_permissions(&mut self, permissions: impl Into<Permissions>) -> io::Result<()> {
        let permissions = permissions.into();
        let set = move |file: &Handle, _| file.set_permissions(permissions);
        self.call("set the permissions of", false, set).await
    }

    /// Calls a function with the file, on a worker thread.
    async fn call<T: Send + 'static>(
        &mut self,
        operation: &'static str,
        set_back: bool,
        function: impl FnOnce(&Handle, u64) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let outcome = self.engine.call(set_back, function).await;
        outcome.map_err(|error| self.wrap(operation, error))
    }

    fn wrap(&self, operation: &'static str, error: io::Error) -> io::Error {
        wrap(operation, self.engine.path(), error)
    }
}

fn wrap(operation: &'static str, path: Option<&Path>, error: io::Error) -> io::Error {
    match path {
        Some(path) if error.raw_os_error().is_some() => PathError::wrap(operation, path, error),
        _ => error,
    }
}

impl<R: Runtime> Attributes for File<R> {
    fn provide(&self, demand: &mut Request<'_>) {
        self.engine.provide(demand);
    }
}

impl<R: Runtime> From<fs::File> for File<R> {
    fn from(file: fs::File) -> Self {
        File::from_std(file)
    }
}

impl<R: Runtime> fmt::Debug for File<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("engine", &self.engine)
            .finish()
    }
}

/// Returns the default options of the engine of a file.
pub(crate) fn engine_options() -> EngineOptions {
    EngineOptions {
        read_cached: true,
        ..EngineOptions::default()
    }
}
