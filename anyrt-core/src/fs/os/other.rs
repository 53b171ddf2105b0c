//! Systems other than Unix.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::fs::call::Stop;

pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    at(file, offset, |mut file| file.read(buffer))
}

pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    at(file, offset, |mut file| file.write(bytes))
}

/// Seeks there and back; only this thread uses the file.
fn at<T>(
    mut file: &File,
    offset: u64,
    function: impl FnOnce(&File) -> io::Result<T>,
) -> io::Result<T> {
    let position = file.stream_position()?;
    file.seek(SeekFrom::Start(offset))?;
    let outcome = function(file);
    file.seek(SeekFrom::Start(position))?;
    outcome
}

/// Returns whether two paths lead to the same file.
pub(crate) fn same_file(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(fs::canonicalize(a)? == fs::canonicalize(b)?)
}

/// Returns whether an error means that there is no such path.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Removes a folder with everything in it, in one step.
pub(crate) fn remove_all(
    path: &Path,
    step: &mut dyn FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    step()?;
    Ok(fs::remove_dir_all(path)?)
}

/// Creates a file.
pub(crate) fn new_file(path: &Path, _like: &Metadata) -> io::Result<File> {
    File::create_new(path)
}

/// Creates a temporary file.
pub(crate) fn new_file_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().make_in(folder, |path| new_temporary_file(path, None))
}

/// Creates a file.
pub(crate) fn new_temporary_file(
    path: &Path,
    permissions: Option<&fs::Permissions>,
) -> io::Result<File> {
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions.clone())?;
    }
    Ok(file)
}

/// Creates a folder.
pub(crate) fn new_temporary_dir(
    path: &Path,
    permissions: Option<&fs::Permissions>,
) -> io::Result<()> {
    fs::create_dir(path)?;
    match permissions {
        Some(permissions) => fs::set_permissions(path, permissions.clone()),
        None => Ok(()),
    }
}
