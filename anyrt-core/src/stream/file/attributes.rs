//! What is known of files.

use std::fs::File;
use std::path::PathBuf;

use crate::stream::Attribute;

/// The path by which a file was opened, as it was given.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FilePath;

impl Attribute for FilePath {
    type Value = PathBuf;
    const NAME: &'static str = "file path";
}

/// The file itself, by a descriptor of its own, for what only the standard library can do with it:
/// metadata, locks, `sync_all`.
///
/// Its position is that of the stream: seeking here moves the stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FileHandle;

impl Attribute for FileHandle {
    type Value = File;
    const NAME: &'static str = "file handle";
}
