//! Files, folders and paths. All work is done on worker threads.
//!
//! [`File`] is an open file. The functions are those of [`std::fs`] and some more. Each is one call on a
//! worker thread. If the caller is cancelled before the call begins, the call is refused; once it was
//! handed over, it is carried out. [`Path`] is a path with a limiter. [`walk`] visits a folder tree;
//! with the feature `glob`, `glob` finds paths that match a pattern.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::fs::File;
//!
//! let longest = anyrt::run(async {
//!     let mut lines = File::open("src/lib.rs").await?.lines();
//!     let mut longest = 0;
//!     while let Some(line) = lines.next().await {
//!         longest = longest.max(line?.len());
//!     }
//!     Ok::<_, std::io::Error>(longest)
//! });
//! assert!(longest.unwrap() > 80);
//! ```
//!
//! # Many small files
//!
//! Waking a thread takes about as long as reading a small file. To read thousands of them, read many in
//! one call:
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! let sizes = anyrt::run(async {
//!     let paths = ["Cargo.toml", "src/lib.rs"];
//!     anyrt::to_thread::run(move || paths.map(|path| std::fs::read(path).map(|b| b.len()))).await
//! });
//! assert!(sizes.into_iter().all(|size| size.is_ok()));
//! ```
//!
//! # Errors
//!
//! Errors of the operating system name the operation and the path, and keep their kind; see
//! [`PathError`].

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{self, PathBuf};

use anyrt_core::fs;

use crate::Ambient;

#[cfg(feature = "glob")]
pub use self::glob::{Glob, GlobError, glob};
#[cfg(unix)]
pub use self::links::symlink;
pub use anyrt_core::fs::PathError;

#[cfg(feature = "glob")]
mod glob;
#[cfg(unix)]
mod links;

/// An open file, a byte stream.
///
/// It is documented at [`anyrt_core::fs::File`]. Cancelled and dropped operations lose no data.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::fs::File;
/// use std::io::SeekFrom;
///
/// let path = std::env::temp_dir().join(format!("anyrt-file-{}", std::process::id()));
/// let text = anyrt::run(async {
///     let mut file = File::options().read(true).write(true).create(true).open(&path).await?;
///     file.write_all(b"to be or not to be").await?;
///     file.seek(SeekFrom::Start(6)).await?;
///     let mut text = String::new();
///     file.read_to_string(&mut text).await?;
///     file.close().await?;
///     Ok::<_, std::io::Error>(text)
/// });
/// assert_eq!(text.unwrap(), "or not to be");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub type File = fs::File<Ambient>;

/// Options for opening a file.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::fs::OpenOptions;
///
/// let error = anyrt::run(async {
///     OpenOptions::new().write(true).create_new(true).open("Cargo.toml").await.unwrap_err()
/// });
/// assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
/// ```
pub type OpenOptions = fs::OpenOptions<Ambient>;

/// A stream of the lines of a file; see [`File::lines`](anyrt_core::fs::File::lines).
pub type Lines = fs::Lines<Ambient>;

/// A stream of the pieces of a file; see [`File::split`](anyrt_core::fs::File::split).
pub type Split = fs::Split<Ambient>;

/// A path, with a limiter for the operations on it.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::{fs::Path, sync::CapacityLimiter};
/// use std::sync::Arc;
///
/// let slow_disk = Arc::new(CapacityLimiter::new(2));
/// let folder = Path::new("src").with_limiter(&slow_disk);
/// let text = anyrt::run(async { folder.join("lib.rs").read_to_string().await });
/// assert!(text.unwrap().contains("mod fs;"));
/// ```
pub type Path = fs::Path<Ambient>;

/// An entry of a folder.
pub type DirEntry = fs::DirEntry<Ambient>;

/// A stream of the entries of a folder; see [`read_dir`].
pub type ReadDir = fs::ReadDir<Ambient>;

/// A stream of the entries of a folder and of all folders below it; see [`walk`].
pub type Walk = fs::Walk<Ambient>;

/// Reads a whole file.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 8 MiB.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let bytes = anyrt::run(anyrt::fs::read("Cargo.toml"));
/// assert!(bytes.unwrap().starts_with(b"[package]"));
/// ```
pub fn read(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<Vec<u8>>> + Send {
    fs::read::<Ambient>(path)
}

/// Reads a whole file as text.
///
/// Text that is not UTF-8 is an error of the kind [`InvalidData`](io::ErrorKind::InvalidData).
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 8 MiB.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let text = anyrt::run(anyrt::fs::read_to_string("Cargo.toml"));
/// assert!(text.unwrap().starts_with("[package]"));
/// ```
pub fn read_to_string(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<String>> + Send {
    fs::read_to_string::<Ambient>(path)
}

/// Writes a whole file. The file is created or truncated first.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-write-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::write(&path, "to be").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "to be");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn write(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::write::<Ambient>(path, contents)
}

/// Appends to a file, which is created if it is missing.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-append-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::append(&path, "to be").await?;
///     anyrt::fs::append(&path, " or not").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "to be or not");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn append(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::append::<Ambient>(path, contents)
}

/// Writes a whole file atomically: readers see the old contents or the new ones, also after a loss of
/// power.
///
/// It writes a temporary file in the same folder, sets the permissions of the old file, flushes it to
/// the disk, and renames it. A symbolic link is followed.
///
/// # Cancel safety
///
/// If it is cancelled before the rename, the target is unchanged, and no temporary file is left.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-write-atomic-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     anyrt::fs::write_atomic(&path, "all of it").await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "all of it");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn write_atomic(
    path: impl AsRef<path::Path>,
    contents: impl AsRef<[u8]> + Send + 'static,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::write_atomic::<Ambient>(path, contents)
}

/// Copies the contents and the permissions of a file. Returns the number of bytes.
///
/// # Cancel safety
///
/// If it is cancelled, it stops within 8 MiB, and removes the target if it has created it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-copy-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let count = anyrt::fs::copy("Cargo.toml", &path).await?;
///     Ok::<_, std::io::Error>(count == std::fs::metadata(&path)?.len())
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn copy(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<u64>> + Send {
    fs::copy::<Ambient>(from, to)
}

/// Renames a file or folder. A target that exists is an error.
///
/// Linux and macOS check that atomically, on most of their file systems. On other systems it works like
/// [`replace`].
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-rename-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     let refused = anyrt::fs::rename(&path, "Cargo.toml").await;
///     Ok::<_, std::io::Error>(refused.is_err() || !cfg!(unix))
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn rename(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::rename::<Ambient>(from, to)
}

/// Renames a file or folder, and replaces the target if it exists.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-replace-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let new = path.with_extension("new");
///     std::fs::write(&new, "new")?;
///     std::fs::write(&path, "old")?;
///     anyrt::fs::replace(&new, &path).await?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "new");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn replace(
    from: impl AsRef<path::Path>,
    to: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::replace::<Ambient>(from, to)
}

/// Returns the metadata of the file or folder at a path, following symbolic links.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let metadata = anyrt::run(anyrt::fs::metadata("src"));
/// assert!(metadata.unwrap().is_dir());
/// ```
pub fn metadata(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<Metadata>> + Send {
    fs::metadata::<Ambient>(path)
}

/// Returns the metadata of a path itself: of a symbolic link, not of its target.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let metadata = anyrt::run(anyrt::fs::symlink_metadata("src"));
/// assert!(!metadata.unwrap().is_symlink());
/// ```
pub fn symlink_metadata(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<Metadata>> + Send {
    fs::symlink_metadata::<Ambient>(path)
}

/// Returns whether a path exists.
///
/// It is `false` only if there is no such path. If that cannot be determined, it is an error.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let exists = anyrt::run(anyrt::fs::exists("Cargo.toml/below"));
/// assert!(!exists.unwrap());
/// ```
pub fn exists(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<bool>> + Send {
    fs::exists::<Ambient>(path)
}

/// Returns a path in its canonical form: absolute, and without symbolic links.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = anyrt::run(anyrt::fs::canonicalize("src"));
/// assert!(path.unwrap().is_absolute());
/// ```
pub fn canonicalize(
    path: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<PathBuf>> + Send {
    fs::canonicalize::<Ambient>(path)
}

/// Returns the target of a symbolic link.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let link = anyrt::run(anyrt::fs::read_link("src"));
/// assert!(link.is_err(), "it is not a link");
/// ```
pub fn read_link(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<PathBuf>> + Send {
    fs::read_link::<Ambient>(path)
}

/// Creates a hard link to a file.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-hard-link-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     let original = path.with_extension("original");
///     std::fs::write(&original, "one")?;
///     anyrt::fs::hard_link(&original, &path).await?;
///     std::fs::remove_file(original)?;
///     anyrt::fs::read_to_string(&path).await
/// });
/// assert_eq!(outcome.unwrap(), "one");
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn hard_link(
    original: impl AsRef<path::Path>,
    link: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::hard_link::<Ambient>(original, link)
}

/// Returns whether two paths lead to the same file or folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let same = anyrt::run(anyrt::fs::same_file("src", "src/../src"));
/// assert!(same.unwrap());
/// ```
pub fn same_file(
    a: impl AsRef<path::Path>,
    b: impl AsRef<path::Path>,
) -> impl Future<Output = io::Result<bool>> + Send {
    fs::same_file::<Ambient>(a, b)
}

/// Sets the permissions of a file or folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-set-permissions-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     let mut permissions = std::fs::metadata(&path)?.permissions();
///     permissions.set_readonly(true);
///     anyrt::fs::set_permissions(&path, permissions).await?;
///     Ok::<_, std::io::Error>(std::fs::metadata(&path)?.permissions().readonly())
/// });
/// assert_eq!(outcome.unwrap(), true);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn set_permissions(
    path: impl AsRef<path::Path>,
    permissions: Permissions,
) -> impl Future<Output = io::Result<()>> + Send {
    fs::set_permissions::<Ambient>(path, permissions)
}

/// Creates a folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let error = anyrt::run(anyrt::fs::create_dir("src")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
/// ```
pub fn create_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::create_dir::<Ambient>(path)
}

/// Creates a folder, and its missing parents.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// anyrt::run(anyrt::fs::create_dir_all("src")).unwrap();
/// ```
pub fn create_dir_all(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::create_dir_all::<Ambient>(path)
}

/// Removes a file.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = std::env::temp_dir().join(format!("anyrt-remove-file-{}", std::process::id()));
/// let outcome = anyrt::run(async {
///     std::fs::write(&path, "")?;
///     anyrt::fs::remove_file(&path).await?;
///     let exists = anyrt::fs::exists(&path).await;
///     std::fs::write(&path, "")?;
///     exists
/// });
/// assert_eq!(outcome.unwrap(), false);
/// # std::fs::remove_file(path).unwrap();
/// ```
pub fn remove_file(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_file::<Ambient>(path)
}

/// Removes an empty folder.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let error = anyrt::run(anyrt::fs::remove_dir("missing")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn remove_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_dir::<Ambient>(path)
}

/// Removes a folder with its contents. Symbolic links are removed, not followed.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. If it is cancelled later, it stops within 512 entries; the
/// remaining entries are not removed.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let error = anyrt::run(anyrt::fs::remove_dir_all("missing")).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// ```
pub fn remove_dir_all(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<()>> + Send {
    fs::remove_dir_all::<Ambient>(path)
}

/// Lists a folder, as a stream of entries with their paths and kinds.
///
/// # Cancel safety
///
/// Refused if it is cancelled when it begins. Once it was handed over, it is carried out: a cancelled
/// caller waits for it; if the future is dropped from outside, nothing waits for it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let names = anyrt::run(async {
///     let mut entries = anyrt::fs::read_dir("src").await?;
///     let mut names = Vec::new();
///     while let Some(entry) = entries.next().await {
///         names.push(entry?.file_name().to_owned());
///     }
///     Ok::<_, std::io::Error>(names)
/// });
/// assert!(names.unwrap().contains(&"lib.rs".into()));
/// ```
pub fn read_dir(path: impl AsRef<path::Path>) -> impl Future<Output = io::Result<ReadDir>> + Send {
    fs::read_dir::<Ambient>(path)
}

/// Walks through a folder and all folders below it.
///
/// The first entry is the folder itself; a folder comes before its contents. An entry that cannot be
/// inspected is an error item with its path, and the walk continues. See [`Walk`](anyrt_core::fs::Walk)
/// for options.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let sources = anyrt::run(async {
///     let mut walk = anyrt::fs::walk("src").filter(|entry| entry.file_name() != "interop");
///     let mut sources = 0;
///     while let Some(entry) = walk.next().await {
///         sources += usize::from(entry?.path().extension() == Some("rs".as_ref()));
///     }
///     Ok::<_, std::io::Error>(sources)
/// });
/// assert!(sources.unwrap() > 10);
/// ```
pub fn walk(path: impl AsRef<path::Path>) -> Walk {
    fs::walk(path)
}
