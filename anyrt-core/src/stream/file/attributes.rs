//! The attributes of file streams.

use std::fs::File;
use std::path::PathBuf;

use crate::stream::Attribute;

/// The path by which a file was opened, as it was passed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FilePath;

impl Attribute for FilePath {
    type Value = PathBuf;
    const NAME: &'static str = "file path";
}

/// A duplicate of the file's handle, for the functions that only the standard library has: metadata, locks,
/// `sync_all`.
///
/// It shares the position with the stream: seeking the handle moves the stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FileHandle;

impl Attribute for FileHandle {
    type Value = File;
    const NAME: &'static str = "file handle";
}
