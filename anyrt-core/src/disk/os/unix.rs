//! Unix systems.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::options::options;
use crate::disk::metadata::MetadataSource;
use crate::disk::{FileType, Metadata, OwnMetadata, Permissions};
use crate::runtime::OpenMode;

/// Opens a file.
pub(crate) fn open(path: &Path, mode: &OpenMode) -> io::Result<File> {
    let mut options = options(mode);
    if let Some(mode) = mode.mode {
        options.mode(mode);
    }
    options.open(path)
}

pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Moves the position.
pub(crate) fn seek(mut file: &File, to: SeekFrom) -> io::Result<u64> {
    file.seek(to)
}

pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Returns the mode.
pub(crate) fn mode(permissions: &fs::Permissions) -> u32 {
    permissions.mode()
}

/// Sets the permissions of an open file.
pub(crate) fn set_permissions_of(file: &File, permissions: &Permissions) -> io::Result<()> {
    file.set_permissions(PermissionsExt::from_mode(permissions.bits()))
}

/// Returns the type of a file that is not a regular file, a folder or a link.
pub(crate) fn special_type(std: fs::FileType) -> FileType {
    if std.is_fifo() {
        FileType::Fifo
    } else if std.is_socket() {
        FileType::Socket
    } else if std.is_block_device() {
        FileType::BlockDevice
    } else if std.is_char_device() {
        FileType::CharDevice
    } else {
        FileType::Other
    }
}

impl PermissionsExt for Permissions {
    fn mode(&self) -> u32 {
        self.bits()
    }

    fn set_mode(&mut self, mode: u32) {
        *self = Permissions::new(mode);
    }

    fn from_mode(mode: u32) -> Permissions {
        Permissions::new(mode)
    }
}

/// The size of a block, in which `blocks` counts.
const BLOCK: u64 = 512;

/// Returns whole seconds and the rest in nanoseconds since the epoch.
fn since_epoch(time: SystemTime) -> (i64, i64) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    (seconds, i64::from(since.subsec_nanos()))
}

/// The bits of a mode that hold the type of the file.
fn type_bits(file_type: FileType) -> u32 {
    match file_type {
        FileType::Dir => 0o040_000,
        FileType::Symlink => 0o120_000,
        FileType::Fifo => 0o010_000,
        FileType::Socket => 0o140_000,
        FileType::BlockDevice => 0o060_000,
        FileType::CharDevice => 0o020_000,
        FileType::File | FileType::Other => 0o100_000,
    }
}

/// Implements methods of [`MetadataExt`] by those of the standard library, or by parts of own metadata.
macro_rules! parts {
    ($($name:ident -> $type:ty, $own:expr;)*) => { $(
        fn $name(&self) -> $type {
            match &self.source {
                MetadataSource::System(system) => system.$name(),
                MetadataSource::Own(own) => $own(own),
            }
        }
    )* };
}

impl MetadataExt for Metadata {
    parts! {
        dev -> u64, |_| 1;
        ino -> u64, |own: &OwnMetadata| own.number;
        mode -> u32, |own: &OwnMetadata| type_bits(own.file_type) | own.permissions.bits();
        nlink -> u64, |own: &OwnMetadata| own.links;
        uid -> u32, |_| 0;
        gid -> u32, |_| 0;
        rdev -> u64, |_| 0;
        size -> u64, |own: &OwnMetadata| own.length;
        atime -> i64, |own: &OwnMetadata| since_epoch(own.accessed).0;
        atime_nsec -> i64, |own: &OwnMetadata| since_epoch(own.accessed).1;
        mtime -> i64, |own: &OwnMetadata| since_epoch(own.modified).0;
        mtime_nsec -> i64, |own: &OwnMetadata| since_epoch(own.modified).1;
        ctime -> i64, |own: &OwnMetadata| since_epoch(own.modified).0;
        ctime_nsec -> i64, |own: &OwnMetadata| since_epoch(own.modified).1;
        blksize -> u64, |_| 8 * BLOCK;
        blocks -> u64, |own: &OwnMetadata| own.length.div_ceil(BLOCK);
    }
}
