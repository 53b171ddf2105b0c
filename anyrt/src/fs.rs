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

use anyrt_core::fs;

use crate::Ambient;

pub use self::dirs::{
    create_dir, create_dir_all, read_dir, remove_dir, remove_dir_all, remove_file, walk,
};
pub use self::functions::{
    canonicalize, exists, hard_link, metadata, read_link, rename, replace, same_file,
    set_permissions, symlink_metadata,
};
#[cfg(feature = "glob")]
pub use self::glob::{Glob, GlobError, glob};
#[cfg(unix)]
pub use self::links::symlink;
pub use self::whole::{append, copy, read, read_to_string, write, write_atomic};
pub use anyrt_core::fs::{FileType, Metadata, PathError, Permissions};

mod dirs;
mod functions;
#[cfg(feature = "glob")]
mod glob;
#[cfg(unix)]
mod links;
mod whole;

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
