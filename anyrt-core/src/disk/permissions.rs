//! [`Permissions`].

use std::fs;

use super::os;

/// The permissions of a file or folder.
///
/// On Unix it implements [`PermissionsExt`](std::os::unix::fs::PermissionsExt), with `mode` and `from_mode`. It
/// is created from those of the standard library or of a [`Metadata`](super::Metadata).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The mode; on systems without modes, only its bits for writing count.
    mode: u32,
}

/// The bits that permit writing.
const WRITE: u32 = 0o222;

impl Permissions {
    /// Creates permissions from a mode, such as `0o644`.
    ///
    /// On systems without modes, a file is read-only if no bit of the mode permits writing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Permissions;
    ///
    /// assert!(Permissions::new(0o444).readonly());
    /// ```
    pub fn new(mode: u32) -> Permissions {
        Permissions { mode }
    }

    /// Returns whether no bit permits writing.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let permissions = anyrt::fs::metadata("Cargo.toml").await?.permissions();
    /// assert!(!permissions.readonly());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn readonly(&self) -> bool {
        self.mode & WRITE == 0
    }

    /// Sets or clears all bits that permit writing, as the standard library does.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::Permissions;
    ///
    /// let mut permissions = Permissions::new(0o644);
    /// permissions.set_readonly(true);
    /// assert_eq!(permissions, Permissions::new(0o444));
    /// ```
    pub fn set_readonly(&mut self, readonly: bool) {
        if readonly {
            self.mode &= !WRITE;
        } else {
            self.mode |= WRITE;
        }
    }

    /// Returns the mode.
    #[cfg_attr(
        not(any(feature = "fs", unix)),
        expect(dead_code, reason = "for files, and for modes on Unix")
    )]
    pub(crate) fn bits(&self) -> u32 {
        self.mode
    }
}

impl From<fs::Permissions> for Permissions {
    fn from(std: fs::Permissions) -> Permissions {
        Permissions::new(os::mode(&std))
    }
}
