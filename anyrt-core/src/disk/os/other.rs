//! Systems other than Unix.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::options::options;
use crate::disk::{FileType, Permissions};
use crate::runtime::OpenMode;

/// Opens a file. A new one may be read-only.
pub(crate) fn open(path: &Path, mode: &OpenMode) -> io::Result<File> {
    let file = options(mode).open(path)?;
    if let (true, Some(mode)) = (mode.create_new, mode.mode) {
        set_permissions_of(&file, &Permissions::new(mode))?;
    }
    Ok(file)
}

pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    at(file, offset, |mut file| file.read(buffer))
}

pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    at(file, offset, |mut file| file.write(bytes))
}

/// Moves the position.
pub(crate) fn seek(mut file: &File, to: SeekFrom) -> io::Result<u64> {
    let outcome = file.seek(to);
    outcome.map_err(|error| match error.raw_os_error() {
        Some(NEGATIVE_SEEK) if cfg!(windows) => io::ErrorKind::InvalidInput.into(),
        _ => error,
    })
}

/// `ERROR_NEGATIVE_SEEK` of Windows: the position would be before the beginning.
const NEGATIVE_SEEK: i32 = 131;

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

/// Returns the mode: read-only or not.
pub(crate) fn mode(permissions: &fs::Permissions) -> u32 {
    if permissions.readonly() { 0o444 } else { 0o666 }
}

/// Sets the permissions of an open file.
pub(crate) fn set_permissions_of(file: &File, permissions: &Permissions) -> io::Result<()> {
    let mut now = file.metadata()?.permissions();
    now.set_readonly(permissions.readonly());
    file.set_permissions(now)
}

/// Returns the type of a file that is not a regular file, a folder or a link.
pub(crate) fn special_type(_std: fs::FileType) -> FileType {
    FileType::Other
}
