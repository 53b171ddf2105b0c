//! [`OpenOptions`].

use std::fmt;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::{File, PathError, call, engine_options};
use crate::disk::Disk;
use crate::loom::Arc;
use crate::runtime::{OpenMode, Runtime};
use crate::stream::file::engine::{Engine, EngineOptions};
use crate::sync::CapacityLimiter;

/// Options for opening a file.
///
/// Options that only some systems have are set on the options of the standard library: see [`From`]. A runtime
/// with its own files, such as a simulation, refuses those.
pub struct OpenOptions<R: Runtime> {
    /// The options of the standard library, if they were given; only the operating system can use them.
    std: Option<fs::OpenOptions>,
    mode: OpenMode,
    engine: EngineOptions,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> OpenOptions<R> {
    /// Creates options with everything off.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// assert!(OpenOptions::new().open("Cargo.toml").await.is_err(), "for neither reading nor writing");
    /// assert!(OpenOptions::new().read(true).open("Cargo.toml").await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> OpenOptions<R> {
        OpenOptions {
            std: None,
            mode: OpenMode::NONE,
            engine: engine_options(),
            runtime: PhantomData,
        }
    }

    /// Opens for reading.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let mut file = OpenOptions::new().read(true).open("Cargo.toml").await?;
    /// file.read_exact(&mut [0; 4]).await?;
    /// assert_eq!(file.tell().await?, 4);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn read(mut self, read: bool) -> Self {
        self.mode.read = read;
        self.change_std(|std| std.read(read))
    }

    /// Opens for writing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("text");
    /// path.write("to be").await?;
    /// let mut file = OpenOptions::new().write(true).open(&path).await?;
    /// file.write_all(b"TO").await?;
    /// file.close().await?;
    /// assert_eq!(path.read_to_string().await?, "TO be");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn write(mut self, write: bool) -> Self {
        self.mode.write = write;
        self.change_std(|std| std.write(write))
    }

    /// Opens for writing at the end, independent of the position.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("log");
    /// path.write("first\n").await?;
    /// let mut file = OpenOptions::new().append(true).open(&path).await?;
    /// file.write_all(b"second\n").await?;
    /// file.close().await?;
    /// assert_eq!(path.read_to_string().await?, "first\nsecond\n");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn append(mut self, append: bool) -> Self {
        self.mode.append = append;
        self.change_std(|std| std.append(append))
    }

    /// Truncates the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("text");
    /// path.write("to be").await?;
    /// OpenOptions::new().write(true).truncate(true).open(&path).await?.close().await?;
    /// assert_eq!(path.metadata().await?.len(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.mode.truncate = truncate;
        self.change_std(|std| std.truncate(truncate))
    }

    /// Creates the file if it is missing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("new");
    /// OpenOptions::new().write(true).create(true).open(&path).await?;
    /// assert!(path.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.mode.create = create;
        self.change_std(|std| std.create(create))
    }

    /// Creates the file, and fails if it already exists.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    /// use std::io::ErrorKind;
    ///
    /// # anyrt::run(async {
    /// let error = OpenOptions::new().write(true).create_new(true).open("Cargo.toml").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn create_new(mut self, create_new: bool) -> Self {
        self.mode.create_new = create_new;
        self.change_std(|std| std.create_new(create_new))
    }

    /// Sets the limiter of the file, instead of the
    /// [run's](crate::thread::to_thread::current_default_limiter). Each read takes a token, even if the
    /// system has the bytes in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    /// use anyrt::sync::CapacityLimiter;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let disk = Arc::new(CapacityLimiter::new(2));
    /// let file = OpenOptions::new().read(true).limiter(&disk).open("Cargo.toml").await?;
    /// assert!(Arc::ptr_eq(file.limiter().unwrap(), &disk));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Self {
        self.engine.limiter = Some(limiter.clone());
        self
    }

    /// Sets whether a cancelled caller abandons the worker thread, in opening the file and in all its
    /// operations.
    ///
    /// Opening a FIFO waits for the other side, and a dead network file system never answers. By default a
    /// cancelled caller waits for that. If this is set, the caller is released at once, a file that is opened
    /// later is closed, and neither scopes nor the run wait. The thread and its token stay in use until the
    /// system returns, and unwritten bytes at the end of the run may be lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// // The file may be on a network that does not answer.
    /// let options = OpenOptions::new().read(true).abandon_on_cancel(true);
    /// let opened = anyrt::move_on_after(Duration::from_secs(5), options.open("Cargo.toml")).await;
    /// assert!(opened.unwrap().is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn abandon_on_cancel(mut self, abandons: bool) -> Self {
        self.engine.abandons = abandons;
        self
    }

    fn change_std(
        mut self,
        change: impl FnOnce(&mut fs::OpenOptions) -> &mut fs::OpenOptions,
    ) -> Self {
        self.std.as_mut().map(change);
        self
    }

    pub(super) fn or_limiter(mut self, limiter: &call::Limiter) -> Self {
        if self.engine.limiter.is_none() {
            self.engine.limiter.clone_from(limiter);
        }
        self
    }

    /// Opens a file.
    ///
    /// # Cancel safety
    ///
    /// As [`to_thread::run`](crate::thread::to_thread::run): a file that is opened for a dropped caller is
    /// closed again. It may have been created or truncated.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::OpenOptions;
    ///
    /// # anyrt::run(async {
    /// let mut file = OpenOptions::new().read(true).open("Cargo.toml").await?;
    /// assert!(file.metadata().await?.len() > 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn open(&self, path: impl AsRef<Path>) -> impl Future<Output = io::Result<File<R>>> + Send {
        self.open_path(path.as_ref().to_owned())
    }

    pub(super) fn open_path(
        &self,
        path: PathBuf,
    ) -> impl Future<Output = io::Result<File<R>>> + Send + use<R> {
        let (std, mode, options) = (self.std.clone(), self.mode, self.engine.clone());
        async move {
            call::check("open", &path)?;
            let open = move |disk: &Disk, path: &Path| {
                let opened = match std {
                    Some(std) => disk.open_with(path, &std),
                    None => disk.open(path, &mode),
                };
                opened.map_err(|error| PathError::wrap("open", path, error))
            };
            Ok(File::with(Engine::open(path, options, open).await?))
        }
    }
}

impl<R: Runtime> From<fs::OpenOptions> for OpenOptions<R> {
    fn from(std: fs::OpenOptions) -> Self {
        OpenOptions {
            std: Some(std),
            mode: OpenMode::NONE,
            engine: engine_options(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> Default for OpenOptions<R> {
    fn default() -> Self {
        OpenOptions::new()
    }
}

impl<R: Runtime> Clone for OpenOptions<R> {
    fn clone(&self) -> Self {
        OpenOptions {
            std: self.std.clone(),
            mode: self.mode,
            engine: self.engine.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> fmt::Debug for OpenOptions<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("mode", &self.mode)
            .field("std", &self.std)
            .field("abandon_on_cancel", &self.engine.abandons)
            .finish_non_exhaustive()
    }
}
