//! [`Permissions`].

use std::fs;

use super::os;

/// The permissions of a file or folder.
///
/// On Unix it implements [`PermissionsExt`](std::os::unix::fs::PermissionsExt), with `mode` and `from_mode`. It
/// is created from those of the standard library or of a [`Metadata`](super::Metadata).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The mode; on systems without modes, only whether somebody may write.
    mode: u32,
}

/// The bits that permit writing.
const WRITE: u32 = 0o222;

impl Permissions {
    /// Creates permissions from a mode, such as `0o644`.
    ///
    /// Systems without modes have read-only files alone: those with a mode that permits nobody to write.
    pub fn new(mode: u32) -> Permissions {
        Permissions { mode }
    }

    /// Returns whether nobody may write.
    pub fn readonly(&self) -> bool {
        self.mode & WRITE == 0
    }

    /// Permits writing to everybody or nobody, as in the standard library.
    pub fn set_readonly(&mut self, readonly: bool) {
        if readonly {
            self.mode &= !WRITE;
        } else {
            self.mode |= WRITE;
        }
    }

    /// Returns the mode.
    pub(crate) fn bits(&self) -> u32 {
        self.mode
    }
}

impl From<fs::Permissions> for Permissions {
    fn from(std: fs::Permissions) -> Permissions {
        Permissions::new(os::mode(&std))
    }
}
