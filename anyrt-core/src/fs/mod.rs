//! Files, folders and paths. All calls run on worker threads.
//!
//! [`File`] is an open file; the functions are those of [`std::fs`] and some more; [`Path`] has a limiter. The
//! rules are [F1](crate::rules#f1) to [F22](crate::rules#f22). The most important ones for users:
//!
//! - A function is one call on a worker thread: whole-file functions open, read and close in one. It is refused
//!   if it is cancelled when it begins. Once it is handed over, it is carried out, and a cancelled caller waits
//!   for it ([F1](crate::rules#f1)).
//! - Long functions (`copy`, `read`, `remove_dir_all`, `move_to`) stop when their caller is cancelled; `copy`
//!   removes a target that it has created ([F2](crate::rules#f2)).
//! - The position of a file is the number of bytes consumed and written, wherever an operation was cancelled
//!   ([F4](crate::rules#f4)).
//! - A failed write keeps its bytes: the next operation returns the error, and flushing tries again
//!   ([F7](crate::rules#f7)).
//! - Dropping a file loses no accepted bytes: the run waits until the rest is written ([F8](crate::rules#f8)).
//! - A job waits for a token of the object's limiter, or else of the run's, without being polled
//!   ([F12](crate::rules#f12)).
//! - Paths are bytes. One with a NUL byte is `InvalidInput`, without a call ([F15](crate::rules#f15)).
//! - Errors name the operation and the path, and keep their kind; see [`PathError`] ([F21](crate::rules#f21)).

pub(crate) mod call;
mod dirs;
mod error;
mod file;
mod functions;
#[cfg(feature = "glob")]
mod glob;
mod lines;
#[cfg(unix)]
mod links;
mod listing;
mod options;
mod path;
mod walk;
mod whole;

pub use self::dirs::{
    create_dir, create_dir_all, read_dir, remove_dir, remove_dir_all, remove_file,
};
pub use self::error::PathError;
pub use self::file::File;
pub(crate) use self::file::engine_options;
pub use self::functions::{
    canonicalize, exists, hard_link, metadata, read_link, rename, replace, same_file,
    set_permissions, symlink_metadata,
};
#[cfg(feature = "glob")]
pub use self::glob::{Glob, GlobError, glob};
pub use self::lines::{Lines, Split};
#[cfg(unix)]
pub use self::links::symlink;
pub use self::listing::{DirEntry, ReadDir};
pub use self::options::OpenOptions;
pub use self::path::Path;
pub use self::walk::{Walk, walk};
pub use self::whole::{append, copy, read, read_to_string, write, write_atomic};
pub use crate::disk::{FileType, Metadata, Permissions};
