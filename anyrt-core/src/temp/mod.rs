//! Temporary files and folders. All calls run on worker threads (rules [T1](crate::rules#t1) to
//! [T5](crate::rules#t5)).
//!
//! - The blocks [`with_temp_file`] and [`with_temp_dir`] remove on a worker thread, shielded, however
//!   the body ends, and return the error of that if the body had none. A value without a block is removed by
//!   its destructor, which blocks.
//! - A file or folder that is created for a dropped caller is removed, and the run waits for that.
//! - Open files, and names that are not UTF-8, are removed with their folder, and so are files that a
//!   call of a dropped caller still creates in it. Removing a file or folder that is already gone is not an
//!   error. Errors name the path.
//! - A spooled file is in memory until a write would exceed its limit; then everything moves to a file
//!   in one call. If that is cancelled, everything is in one of the two.
//! - `persist` is one step. It fails across file systems, and returns the file.
//!
//! A process that is killed leaves named files and folders behind; unnamed files vanish with it.
//!
//! # How nothing is left behind
//!
//! A function that creates a temporary file or folder returns a value with a destructor that removes it. So it is
//! removed wherever the caller is lost, also on the worker thread (rule [C10](crate::rules#c10)). The blocks
//! remove it in a shielded clean-up, on a worker thread. A spooled file owns the call that moves it to a file, as
//! a `File` owns its calls.

mod blocks;
mod builder;
mod dir;
mod named;
mod spooled;

pub use self::blocks::{with_temp_dir, with_temp_file};
pub use self::builder::{TempBuilder, dir, file, mkdtemp, mkstemp, named, spooled};
pub use self::dir::TempDir;
pub use self::named::{NamedTempFile, PersistError};
pub use self::spooled::SpooledTempFile;

use std::path::Path;

use crate::fs as files;
use crate::fs::call::Limiter;
use crate::runtime::Runtime;

/// The operation that errors of creating a file name.
const CREATE_FILE: &str = "create a file in";

/// Creates a path with the limiter of the object that it belongs to.
fn path_with<R: Runtime>(path: &Path, limiter: &Limiter) -> files::Path<R> {
    let path = files::Path::new(path);
    match limiter {
        Some(limiter) => path.with_limiter(limiter),
        None => path,
    }
}
