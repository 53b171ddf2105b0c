//! [`Path`]: a path with a limiter.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::{self, Metadata, Permissions};
use std::hash::{Hash, Hasher};
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::path::{self, PathBuf};
use std::{env, fmt};

use super::call::{Limiter, call, call_cancellable};
use super::listing::ReadDir;
use super::walk::Walk;
use super::{File, OpenOptions, dirs, functions, whole};
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

/// Implements a method for a property of a path.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident by $method:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// Returns the error of the operating system, unless there is no such path.
        pub async fn $name(&self) -> io::Result<bool> {
            let look = |metadata: &Metadata| metadata.file_type().$method();
            let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
            let follow = stringify!($name) != "is_symlink";
            let found = functions::metadata_at::<R, _>(limiter, path, follow, look).await?;
            Ok(found.unwrap_or(false))
        }
    )* };
}

impl<R: Runtime> Path<R> {
    /// Creates a path that uses the limiter of the run.
    pub fn new(path: impl Into<PathBuf>) -> Path<R> {
        With::new(None).path(path.into())
    }

    /// Sets the limiter of the path.
    #[must_use]
    pub fn with_limiter(mut self, limiter: &Arc<CapacityLimiter>) -> Self {
        self.limiter = Some(limiter.clone());
        self
    }

    /// Returns the limiter that was set, if any.
    pub fn limiter(&self) -> Option<&Arc<CapacityLimiter>> {
        self.limiter.as_ref()
    }

    // ---- without touching the disk ----

    fn derive(&self, path: PathBuf) -> Path<R> {
        With::new(self.limiter.clone()).path(path)
    }

    /// Returns the path of an entry in this folder.
    #[must_use]
    pub fn join(&self, name: impl AsRef<path::Path>) -> Path<R> {
        self.derive(self.path.join(name))
    }

    /// Returns the parent folder, if the path has one.
    #[must_use]
    pub fn parent(&self) -> Option<Path<R>> {
        Some(self.derive(self.path.parent()?.to_owned()))
    }

    /// Returns the path with another extension.
    #[must_use]
    pub fn with_extension(&self, extension: impl AsRef<OsStr>) -> Path<R> {
        self.derive(self.path.with_extension(extension))
    }

    /// Returns the path with another file name.
    #[must_use]
    pub fn with_file_name(&self, name: impl AsRef<OsStr>) -> Path<R> {
        self.derive(self.path.with_file_name(name))
    }

    /// Returns the path relative to a parent folder; `None` if it is not below that folder.
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
    pub fn expand_home(&self) -> io::Result<Path<R>> {
        let Ok(rest) = self.path.strip_prefix("~") else {
            return Ok(self.clone());
        };
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
    pub fn absolute(&self) -> io::Result<Path<R>> {
        Ok(self.derive(path::absolute(&*self.path)?))
    }

    // ---- looking ----

    /// Returns whether the path leads to a file or folder.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, unless there is no such path.
    pub async fn exists(&self) -> io::Result<bool> {
        functions::exists_at::<R>(self.limiter.clone(), self.to_path_buf(), true).await
    }

    /// Returns whether the path exists, even as a link without a target.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system, unless there is no such path.
    pub async fn exists_itself(&self) -> io::Result<bool> {
        functions::exists_at::<R>(self.limiter.clone(), self.to_path_buf(), false).await
    }

    queries! {
        /// Returns whether the path leads to a regular file.
        is_file by is_file;
        /// Returns whether the path leads to a folder.
        is_dir by is_dir;
        /// Returns whether the path is a symbolic link.
        is_symlink by is_symlink;
    }

    /// Calls a function about the path (rule F1).
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        function: impl FnOnce(&path::Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let limiter = self.limiter.clone();
        call::<R, T>(limiter, operation, self.to_path_buf(), function).await
    }

    /// Returns the metadata of the file or folder that the path leads to. For that of a link itself, see
    /// [`symlink_metadata`](Path::symlink_metadata).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.call("look at", |path| fs::metadata(path)).await
    }

    /// Returns the metadata of the path itself, even if it is a link.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn symlink_metadata(&self) -> io::Result<Metadata> {
        self.call("look at", |path| fs::symlink_metadata(path))
            .await
    }

    /// Returns whether another path leads to the same file or folder.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn same_file(&self, other: impl AsRef<path::Path>) -> io::Result<bool> {
        let other = other.as_ref().to_owned();
        functions::same_file_at::<R>(self.limiter.clone(), self.to_path_buf(), other).await
    }

    /// Returns the path in its canonical form: absolute, and without symbolic links.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn resolve(&self) -> io::Result<Path<R>> {
        let resolved = self.call("resolve", |path| fs::canonicalize(path)).await?;
        Ok(self.derive(resolved))
    }

    /// Returns the target of a symbolic link.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read_link(&self) -> io::Result<Path<R>> {
        let target = self
            .call("read the link", |path| fs::read_link(path))
            .await?;
        Ok(self.derive(target))
    }

    // ---- contents ----

    /// Opens the file for reading.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn open(&self) -> io::Result<File<R>> {
        self.open_with(&OpenOptions::new().read(true)).await
    }

    /// Opens the file. Unless the options have a limiter, that of the path is used.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn open_with(&self, options: &OpenOptions<R>) -> io::Result<File<R>> {
        let options = options.clone().or_limiter(&self.limiter);
        options.open_path(self.to_path_buf()).await
    }

    /// Reads the whole file; see [`read`](super::read).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read(&self) -> io::Result<Vec<u8>> {
        whole::read_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Reads the whole file as text; see [`read_to_string`](super::read_to_string).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read_to_string(&self) -> io::Result<String> {
        whole::read_to_string_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Writes the whole file; see [`write`](super::write).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn write(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::write_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Appends to the file; see [`append`](super::append).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn append(&self, contents: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        whole::append_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Writes the whole file in one step; see [`write_atomic`](super::write_atomic).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn write_atomic(
        &self,
        contents: impl AsRef<[u8]> + Send + 'static,
    ) -> io::Result<()> {
        whole::write_atomic_at::<R, _>(self.limiter.clone(), self.to_path_buf(), contents).await
    }

    /// Creates an empty file, or sets the modification time to now if it exists.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn touch(&self) -> io::Result<()> {
        self.call("touch", |path| {
            #[expect(
                clippy::disallowed_methods,
                reason = "times of files are those of the system's clock"
            )]
            let now = std::time::SystemTime::now();
            let file = fs::File::options().append(true).create(true).open(path)?;
            file.set_modified(now)
        })
        .await
    }

    // ---- changing ----

    /// Removes the file. If `missing_ok` is set, a missing file is not an error.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn unlink(&self, missing_ok: bool) -> io::Result<()> {
        let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
        dirs::remove_file_at::<R>(limiter, path, missing_ok).await
    }

    /// Creates the folder.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn create_dir(&self) -> io::Result<()> {
        dirs::create_dir_at::<R>(self.limiter.clone(), self.to_path_buf(), false).await
    }

    /// Creates the folder and its missing parents.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn create_dir_all(&self) -> io::Result<()> {
        dirs::create_dir_at::<R>(self.limiter.clone(), self.to_path_buf(), true).await
    }

    /// Removes the folder, which must be empty.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn remove_dir(&self) -> io::Result<()> {
        self.call("remove", |path| fs::remove_dir(path)).await
    }

    /// Removes the folder with everything in it; see [`remove_dir_all`](super::remove_dir_all).
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn remove_dir_all(&self) -> io::Result<()> {
        dirs::remove_dir_all_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Renames the file, and fails if the new name exists; see [`rename`](super::rename). Returns the new
    /// path.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn rename(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        functions::rename_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Renames the file, and replaces a file with the new name. Returns the new path.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn replace(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        functions::replace_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Copies the file; see [`copy`](super::copy). Returns the path of the copy.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn copy(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        whole::copy_at::<R>(self.limiter.clone(), from, target).await?;
        Ok(to)
    }

    /// Copies the file into a folder, under the same name. Returns the path of the copy.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path has no file name.
    /// - Returns the error of the operating system.
    pub async fn copy_into(&self, folder: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        self.copy(self.place_in(folder.as_ref())?).await
    }

    /// Moves the file and replaces the target, across file systems too: then it is copied and removed.
    /// Returns the new path.
    ///
    /// Folders are not moved to another file system.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn move_to(&self, to: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        let to = self.derive(to.as_ref().to_owned());
        super::call::check("move", &to)?;
        let (from, target) = (self.to_path_buf(), to.to_path_buf());
        let limiter = self.limiter.clone();
        call_cancellable::<R, _>(limiter, "move", from, move |from| {
            match fs::rename(from, &target) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
                outcome => return Ok(outcome?),
            }
            whole::copy_file(from, &target)?;
            Ok(fs::remove_file(from)?)
        })
        .await?;
        Ok(to)
    }

    /// Moves the file into a folder, under the same name; see [`move_to`](Path::move_to).
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path has no file name.
    /// - Returns the error of the operating system.
    pub async fn move_into(&self, folder: impl AsRef<path::Path>) -> io::Result<Path<R>> {
        self.move_to(self.place_in(folder.as_ref())?).await
    }

    fn place_in(&self, folder: &path::Path) -> io::Result<PathBuf> {
        let name = self.path.file_name();
        let name = name.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the path has no last name")
        })?;
        Ok(folder.join(name))
    }

    /// Creates this path as a hard link to a file.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn hard_link_to(&self, original: impl AsRef<path::Path>) -> io::Result<()> {
        let original = original.as_ref().to_owned();
        functions::hard_link_at::<R>(self.limiter.clone(), original, self.to_path_buf()).await
    }

    /// Sets the permissions.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        let (limiter, path) = (self.limiter.clone(), self.to_path_buf());
        functions::set_permissions_at::<R>(limiter, path, permissions).await
    }

    // ---- listing ----

    /// Lists the folder; the paths of the entries keep the limiter.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system.
    pub async fn read_dir(&self) -> io::Result<ReadDir<R>> {
        dirs::read_dir_at::<R>(self.limiter.clone(), self.to_path_buf()).await
    }

    /// Walks through the folder and everything below it; see [`walk`](super::walk).
    pub fn walk(&self) -> Walk<R> {
        Walk::new(self.to_path_buf(), self.limiter.clone())
    }
}

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
