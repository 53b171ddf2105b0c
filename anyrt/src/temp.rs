//! Temporary files and folders. All work is done on worker threads.
//!
//! [`with_temp_file`] and [`with_temp_dir`] remove the file or folder when their body ends, however it
//! ends, on a worker thread. A value without a block is removed by its `close`, on a worker thread, or
//! by its destructor, which blocks.
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::temp::with_temp_dir;
//!
//! let text = anyrt::run(with_temp_dir(async |dir| {
//!     let path = dir.join("notes");
//!     path.write("to be").await?;
//!     path.read_to_string().await
//! }));
//! assert_eq!(text.unwrap(), "to be");
//! ```
//!
//! If the process is killed, named files and folders stay behind; files without a name are removed.

use std::ffi::OsStr;
use std::io;

use anyrt_core::cancel::Leased;
use anyrt_core::temp;

use crate::Ambient;
use crate::fs::{File, Path};

/// Options for temporary files and folders.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::temp::TempBuilder;
///
/// let name = anyrt::run(async {
///     let report = TempBuilder::new().prefix("report-").suffix(".txt").named().await?;
///     let name = report.path().file_name().unwrap().to_owned();
///     report.close().await?;
///     Ok::<_, std::io::Error>(name.into_string().unwrap())
/// });
/// let name = name.unwrap();
/// assert!(name.starts_with("report-") && name.ends_with(".txt"));
/// ```
pub type TempBuilder = temp::TempBuilder<Ambient>;

/// A temporary file with a name, which dereferences to the [`File`]. Returned by [`named`].
///
/// # Examples
///
/// A file that gets its name only once it is complete:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::temp::{TempBuilder, with_temp_dir};
///
/// let text = anyrt::run(with_temp_dir(async |dir| {
///     let target = dir.join("settings");
///     let mut new = TempBuilder::new().parent(&dir).named().await?;
///     new.write_all(b"colour = blue").await?;
///     new.persist(&target).await?.close().await?;
///     target.read_to_string().await
/// }));
/// assert_eq!(text.unwrap(), "colour = blue");
/// ```
pub type NamedTempFile = temp::NamedTempFile<Ambient>;

/// The error of [`NamedTempFile::persist`](temp::NamedTempFile::persist), with the temporary file.
pub type PersistError = temp::PersistError<Ambient>;

/// A temporary folder. Returned by [`dir`].
pub type TempDir = temp::TempDir<Ambient>;

/// A temporary file that is kept in memory while it is small. Returned by [`spooled`].
///
/// It implements `AsyncRead`, `AsyncBufRead`, `AsyncWrite` and `AsyncSeek` of `futures::io`.
pub type SpooledTempFile = temp::SpooledTempFile<Ambient>;

/// Creates a file without a name, open for reading and writing.
///
/// The system removes it when its last handle is closed.
///
/// # Cancel safety
///
/// As for [`TempBuilder::file`]: a dropped future leaves no file, and a cancelled caller gets it.
///
/// # Errors
///
/// As for [`TempBuilder::file`]: a [`PathError`](crate::fs::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let length = anyrt::run(async {
///     let mut file = anyrt::temp::file().await?;
///     file.write_all(b"to be").await?;
///     file.metadata().await.map(|metadata| metadata.len())
/// });
/// assert_eq!(length.unwrap(), 5);
/// ```
pub fn file() -> impl Future<Output = io::Result<File>> + Send {
    temp::file::<Ambient>()
}

/// Creates a file with a name, open for reading and writing, in the system's folder for temporary files.
///
/// [`TempBuilder`] has options.
///
/// # Cancel safety
///
/// As for [`TempBuilder::named`]: a dropped future leaves no file, and a cancelled caller gets it.
///
/// # Errors
///
/// As for [`TempBuilder::named`]: a [`PathError`](crate::fs::PathError).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let exists = anyrt::run(async {
///     let file = anyrt::temp::named().await?;
///     let path = file.path().clone();
///     assert!(path.exists().await?);
///     file.close().await?;
///     path.exists().await
/// });
/// assert!(!exists.unwrap());
/// ```
pub fn named() -> impl Future<Output = io::Result<NamedTempFile>> + Send {
    temp::named::<Ambient>()
}

/// Creates a folder in the system's folder for temporary files. [`TempBuilder`] has options.
///
/// # Cancel safety
///
/// As for [`TempBuilder::dir`]: a dropped future leaves no folder, and a cancelled caller gets it.
///
/// # Errors
///
/// Returns the error of the operating system, as a [`PathError`](crate::fs::PathError) with the parent
/// folder.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let exists = anyrt::run(async {
///     let dir = anyrt::temp::dir().await?;
///     let path = dir.path().join("file");
///     path.write("contents").await?;
///     dir.close().await?;
///     path.exists().await
/// });
/// assert!(!exists.unwrap());
/// ```
pub fn dir() -> impl Future<Output = io::Result<TempDir>> + Send {
    temp::dir::<Ambient>()
}

/// Creates a file that is kept in memory until it has more than `max` bytes.
///
/// While it is in memory, its operations do not use worker threads. A write that would exceed the limit
/// first moves everything to a file without a name, in one call.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let rolled = anyrt::run(async {
///     let mut file = anyrt::temp::spooled(5);
///     file.write_all(b"small").await?;
///     assert!(!file.is_rolled());
///     file.write_all(b", large").await?;
///     Ok::<_, std::io::Error>(file.is_rolled())
/// });
/// assert!(rolled.unwrap());
/// ```
pub fn spooled(max: usize) -> SpooledTempFile {
    temp::spooled(max)
}

/// Creates a file that stays until it is removed. Returns it with its path.
///
/// # Cancel safety
///
/// As for [`named`]: if the future is dropped before completing, no file is left.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the prefix or suffix is not valid as a part of a
///   name, such as one with a `/`.
/// - The error of the operating system, as a [`PathError`](crate::fs::PathError) with the folder.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let removed = anyrt::run(async {
///     let (file, path) = anyrt::temp::mkstemp("data-", ".bin").await?;
///     file.close().await?;
///     path.unlink(false).await
/// });
/// removed.unwrap();
/// ```
pub fn mkstemp(
    prefix: impl AsRef<OsStr>,
    suffix: impl AsRef<OsStr>,
) -> impl Future<Output = io::Result<(File, Path)>> + Send {
    temp::mkstemp::<Ambient>(prefix, suffix)
}

/// Creates a folder that stays until it is removed. Returns its path.
///
/// # Cancel safety
///
/// As for [`dir`]: if the future is dropped before completing, no folder is left.
///
/// # Errors
///
/// As for [`mkstemp`].
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let removed = anyrt::run(async {
///     let path = anyrt::temp::mkdtemp("data-", "").await?;
///     path.remove_dir().await
/// });
/// removed.unwrap();
/// ```
pub fn mkdtemp(
    prefix: impl AsRef<OsStr>,
    suffix: impl AsRef<OsStr>,
) -> impl Future<Output = io::Result<Path>> + Send {
    temp::mkdtemp::<Ambient>(prefix, suffix)
}

/// Creates a temporary file with a name, lends it to the body, and removes it when the body has ended.
///
/// # Cancel safety
///
/// The file is removed on a worker thread, shielded, however the body ends. If the future is dropped
/// before completing, the destructor removes the file.
///
/// # Errors
///
/// Returns the error of creating the file, or else of the body, or else of removing the file.
///
/// # Panics
///
/// As for [`with_resource`](crate::with_resource).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let path = anyrt::run(anyrt::temp::with_temp_file(async |mut file| {
///     file.write_all(b"to be").await?;
///     Ok::<_, std::io::Error>(file.path().clone())
/// }));
/// assert!(!std::fs::exists(path.unwrap()).unwrap());
/// ```
pub fn with_temp_file<T, E, B, BF>(body: B) -> impl Future<Output = Result<T, E>>
where
    E: From<io::Error>,
    B: FnOnce(Leased<NamedTempFile>) -> BF,
    BF: Future<Output = Result<T, E>>,
{
    temp::with_temp_file::<Ambient, T, E, B, BF>(body)
}

/// Creates a temporary folder, passes its path to the body, and removes the folder with its contents
/// when the body has ended.
///
/// # Cancel safety
///
/// The folder is removed on a worker thread, shielded, however the body ends. If the future is dropped
/// before completing, the destructor removes the folder.
///
/// # Errors
///
/// Returns the error of creating the folder, or else of the body, or else of removing the folder.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// let text = anyrt::run(anyrt::temp::with_temp_dir(async |dir| {
///     dir.join("file").write("to be").await?;
///     dir.join("file").read_to_string().await
/// }));
/// assert_eq!(text.unwrap(), "to be");
/// ```
pub fn with_temp_dir<T, E, B, BF>(body: B) -> impl Future<Output = Result<T, E>>
where
    E: From<io::Error>,
    B: FnOnce(Path) -> BF,
    BF: Future<Output = Result<T, E>>,
{
    temp::with_temp_dir::<Ambient, T, E, B, BF>(body)
}
