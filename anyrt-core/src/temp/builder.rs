//! [`TempBuilder`], and the functions with its default options.

use std::ffi::{OsStr, OsString};
use std::marker::PhantomData;
use std::path::{Component, Path, PathBuf};
use std::{fmt, io};

use super::dir::remove_dir;
use super::{CREATE_FILE, NamedTempFile, SpooledTempFile, TempDir};
use crate::disk::{Disk, Permissions, Removal, TEMPORARY_PREFIX};
use crate::fs::call::{Limiter, call};
use crate::fs::{self as files, File};
use crate::loom::Arc;
use crate::runtime::{OpenMode, Runtime};
use crate::sync::CapacityLimiter;

/// Options for temporary files and folders.
pub struct TempBuilder<R: Runtime> {
    prefix: OsString,
    suffix: OsString,
    parent: Option<PathBuf>,
    permissions: Option<Permissions>,
    limiter: Limiter,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> TempBuilder<R> {
    /// Returns options for names that begin with `.tmp`, in the system's folder for temporary files
    /// ([`std::env::temp_dir`]), or that of the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let file = TempBuilder::new().named().await?;
    /// assert!(file.path().file_name().unwrap().to_string_lossy().starts_with(".tmp"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new() -> TempBuilder<R> {
        TempBuilder {
            prefix: TEMPORARY_PREFIX.into(),
            suffix: OsString::new(),
            parent: None,
            permissions: None,
            limiter: None,
            runtime: PhantomData,
        }
    }

    /// Sets the beginning of names; six random characters follow it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let dir = TempBuilder::new().prefix("build-").dir().await?;
    /// assert!(dir.path().file_name().unwrap().to_string_lossy().starts_with("build-"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn prefix(mut self, prefix: impl AsRef<OsStr>) -> Self {
        self.prefix = prefix.as_ref().to_owned();
        self
    }

    /// Sets the end of names.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let file = TempBuilder::new().suffix(".png").named().await?;
    /// assert_eq!(file.path().extension().unwrap(), "png");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn suffix(mut self, suffix: impl AsRef<OsStr>) -> Self {
        self.suffix = suffix.as_ref().to_owned();
        self
    }

    /// Sets the folder in which files and folders are created.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::{self, TempBuilder};
    ///
    /// # anyrt::run(async {
    /// let dir = temp::dir().await?;
    /// let file = TempBuilder::new().parent(dir.path()).named().await?;
    /// assert_eq!(file.path().parent().as_ref(), Some(dir.path()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn parent(mut self, folder: impl AsRef<Path>) -> Self {
        self.parent = Some(folder.as_ref().to_owned());
        self
    }

    /// Sets the permissions of named files and of folders, less the process's mask. By default only the
    /// user has access.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Permissions;
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let file = TempBuilder::new().permissions(Permissions::new(0o400)).named().await?;
    /// assert!(file.path().metadata().await?.permissions().readonly());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn permissions(mut self, permissions: impl Into<Permissions>) -> Self {
        self.permissions = Some(permissions.into());
        self
    }

    /// Sets the limiter for creating, using and removing files and folders, instead of that of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::CapacityLimiter;
    /// use anyrt::temp::TempBuilder;
    /// use std::sync::Arc;
    ///
    /// # anyrt::run(async {
    /// let disk = Arc::new(CapacityLimiter::new(2));
    /// let dir = TempBuilder::new().limiter(&disk).dir().await?;
    /// assert!(Arc::ptr_eq(dir.path().limiter().unwrap(), &disk));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Self {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Creates a file without a name, open for reading and writing; the system removes it with its last
    /// handle.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller waits for the file and gets it. If the future is dropped before completing, no
    /// file is left.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, as a [`PathError`](files::PathError) with the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let mut file = TempBuilder::new().file().await?;
    /// file.write_all(b"scratch").await?;
    /// assert_eq!(file.tell().await?, 7);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn file(&self) -> impl Future<Output = io::Result<File<R>>> + Send + use<R> {
        let (limiter, parent) = (self.limiter.clone(), self.folder());
        async {
            let create = |disk: &Disk, folder: &Path| disk.create_unnamed(folder);
            let file = call::<R, _>(limiter.clone(), CREATE_FILE, parent, create).await?;
            Ok(File::opened(file, None, limiter))
        }
    }

    /// Creates a file with a name, open for reading and writing.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller waits for the file and gets it. If the future is dropped before completing, the
    /// file is removed, and the run waits for that.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the prefix or suffix is not a part of a name, such
    ///   as one with a `/`.
    /// - Returns the error of the operating system, as a [`PathError`](files::PathError) with the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let file = TempBuilder::new().prefix("upload-").named().await?;
    /// let path = file.path().clone();
    /// assert!(path.exists().await?);
    /// file.close().await?;
    /// assert!(!path.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn named(&self) -> impl Future<Output = io::Result<NamedTempFile<R>>> + Send + use<R> {
        let (builder, limiter, parent) = (self.clone(), self.limiter.clone(), self.folder());
        async move {
            let create = move |disk: &Disk, folder: &Path| {
                let mode = OpenMode {
                    read: true,
                    write: true,
                    create_new: true,
                    mode: Some(builder.mode(0o600)),
                    ..OpenMode::default()
                };
                let (file, path) = builder.create(disk, folder, |path| disk.open(path, &mode))?;
                Ok((file, Removal::new(disk, path, Disk::remove_file)))
            };
            let created = call::<R, _>(limiter.clone(), CREATE_FILE, parent, create);
            let (file, removal) = created.await?;
            let file = File::opened(file, removal.path(), limiter);
            Ok(NamedTempFile::new(file, removal))
        }
    }

    /// Creates a folder.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller waits for the folder and gets it. If the future is dropped before completing, the
    /// folder is removed, and the run waits for that.
    ///
    /// # Errors
    ///
    /// As [`named`](TempBuilder::named).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let dir = TempBuilder::new().dir().await?;
    /// dir.path().join("part-1").write("scratch").await?;
    /// let path = dir.path().clone();
    /// dir.close().await?;
    /// assert!(!path.exists().await?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn dir(&self) -> impl Future<Output = io::Result<TempDir<R>>> + Send + use<R> {
        let (builder, limiter, parent) = (self.clone(), self.limiter.clone(), self.folder());
        async move {
            let create = move |disk: &Disk, folder: &Path| {
                let mode = Some(builder.mode(0o700));
                let ((), path) =
                    builder.create(disk, folder, |path| disk.create_dir(path, mode))?;
                Ok(Removal::new(disk, path, remove_dir))
            };
            let operation = "create a folder in";
            let removal = call::<R, _>(limiter.clone(), operation, parent, create).await?;
            Ok(TempDir::new(removal, &limiter))
        }
    }

    /// Returns a file that is in memory until it has more than `max` bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::temp::TempBuilder;
    ///
    /// # anyrt::run(async {
    /// let mut file = TempBuilder::new().spooled(1 << 20);
    /// file.write_all(b"a small upload").await?;
    /// assert!(!file.is_rolled(), "it is in memory");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn spooled(&self, max: usize) -> SpooledTempFile<R> {
        SpooledTempFile::new(max, self.folder(), self.limiter.clone())
    }

    /// Creates a file or folder with a random name that is not in use.
    fn create<T>(
        &self,
        disk: &Disk,
        folder: &Path,
        create: impl FnMut(&Path) -> io::Result<T>,
    ) -> io::Result<(T, PathBuf)> {
        if !is_one_name(&self.prefix) || !is_one_name(&self.suffix) {
            let message = "the prefix or suffix is not a part of a file name";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        disk.create_unique(folder, &self.prefix, &self.suffix, create)
    }

    /// Returns the mode of files or folders; by default this one.
    fn mode(&self, default: u32) -> u32 {
        self.permissions.as_ref().map_or(default, Permissions::bits)
    }

    fn folder(&self) -> PathBuf {
        let parent = self.parent.clone();
        parent.unwrap_or_else(|| Disk::current::<R>().temp_dir())
    }
}

/// Returns whether a name with this part in it is one component of a path.
fn is_one_name(part: &OsStr) -> bool {
    let mut name = OsString::from("x");
    name.push(part);
    name.push("x");
    let mut components = Path::new(&name).components();
    let first = components.next();
    first == Some(Component::Normal(&name)) && !name.as_encoded_bytes().contains(&0)
}

impl<R: Runtime> Default for TempBuilder<R> {
    fn default() -> Self {
        TempBuilder::new()
    }
}

impl<R: Runtime> Clone for TempBuilder<R> {
    fn clone(&self) -> Self {
        TempBuilder {
            prefix: self.prefix.clone(),
            suffix: self.suffix.clone(),
            parent: self.parent.clone(),
            permissions: self.permissions.clone(),
            limiter: self.limiter.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> fmt::Debug for TempBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TempBuilder")
            .field("prefix", &self.prefix)
            .field("suffix", &self.suffix)
            .field("parent", &self.parent)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

/// Creates a file without a name, open for reading and writing; see [`TempBuilder::file`].
///
/// # Cancel safety
///
/// As [`TempBuilder::file`].
///
/// # Errors
///
/// As [`TempBuilder::file`].
pub fn file<R: Runtime>() -> impl Future<Output = io::Result<File<R>>> + Send {
    TempBuilder::new().file()
}

/// Creates a file with a name, open for reading and writing; see [`TempBuilder::named`].
///
/// # Cancel safety
///
/// As [`TempBuilder::named`].
///
/// # Errors
///
/// As [`TempBuilder::named`].
pub fn named<R: Runtime>() -> impl Future<Output = io::Result<NamedTempFile<R>>> + Send {
    TempBuilder::new().named()
}

/// Creates a folder; see [`TempBuilder::dir`].
///
/// # Cancel safety
///
/// As [`TempBuilder::dir`].
///
/// # Errors
///
/// As [`TempBuilder::dir`].
pub fn dir<R: Runtime>() -> impl Future<Output = io::Result<TempDir<R>>> + Send {
    TempBuilder::new().dir()
}

/// Returns a file that is in memory until it has more than `max` bytes.
pub fn spooled<R: Runtime>(max: usize) -> SpooledTempFile<R> {
    TempBuilder::new().spooled(max)
}

/// Creates a file that stays until it is removed, and returns it with its path.
///
/// # Cancel safety
///
/// As [`TempBuilder::named`]: if the future is dropped before completing, no file is left.
///
/// # Errors
///
/// As [`TempBuilder::named`].
pub fn mkstemp<R: Runtime>(
    prefix: impl AsRef<OsStr>,
    suffix: impl AsRef<OsStr>,
) -> impl Future<Output = io::Result<(File<R>, files::Path<R>)>> + Send {
    let created = TempBuilder::new().prefix(prefix).suffix(suffix).named();
    async { Ok(created.await?.keep()) }
}

/// Creates a folder that stays until it is removed, and returns its path.
///
/// # Cancel safety
///
/// As [`TempBuilder::dir`]: if the future is dropped before completing, no folder is left.
///
/// # Errors
///
/// As [`TempBuilder::dir`].
pub fn mkdtemp<R: Runtime>(
    prefix: impl AsRef<OsStr>,
    suffix: impl AsRef<OsStr>,
) -> impl Future<Output = io::Result<files::Path<R>>> + Send {
    let created = TempBuilder::new().prefix(prefix).suffix(suffix).dir();
    async { Ok(created.await?.keep()) }
}
