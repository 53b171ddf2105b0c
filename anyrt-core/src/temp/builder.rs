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
    #[must_use]
    pub fn prefix(mut self, prefix: impl AsRef<OsStr>) -> Self {
        self.prefix = prefix.as_ref().to_owned();
        self
    }

    /// Sets the end of names.
    #[must_use]
    pub fn suffix(mut self, suffix: impl AsRef<OsStr>) -> Self {
        self.suffix = suffix.as_ref().to_owned();
        self
    }

    /// Sets the folder in which files and folders are created.
    #[must_use]
    pub fn parent(mut self, folder: impl AsRef<Path>) -> Self {
        self.parent = Some(folder.as_ref().to_owned());
        self
    }

    /// Sets the permissions of named files and of folders, less the process's mask. By default only the
    /// user has access.
    #[must_use]
    pub fn permissions(mut self, permissions: impl Into<Permissions>) -> Self {
        self.permissions = Some(permissions.into());
        self
    }

    /// Sets the limiter for creating, using and removing files and folders, instead of that of the run.
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
