//! [`FileType`].

use std::fs;

use super::os;

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharDevice,
    /// A type that only some systems have.
    Other,
}

impl FileType {
    /// Returns whether it is a regular file.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let file_type = anyrt::fs::metadata("Cargo.toml").await?.file_type();
    /// assert!(file_type.is_file());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_file(self) -> bool {
        self == FileType::File
    }

    /// Returns whether it is a folder.
    ///
    /// # Examples
    ///
    /// ```
    /// # anyrt::run(async {
    /// let file_type = anyrt::fs::metadata("src").await?.file_type();
    /// assert!(file_type.is_dir());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn is_dir(self) -> bool {
        self == FileType::Dir
    }

    /// Returns whether it is a symbolic link.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::fs::FileType;
    ///
    /// assert!(FileType::Symlink.is_symlink());
    /// assert!(!FileType::File.is_symlink());
    /// ```
    pub fn is_symlink(self) -> bool {
        self == FileType::Symlink
    }
}

impl From<fs::FileType> for FileType {
    fn from(std: fs::FileType) -> FileType {
        if std.is_file() {
            FileType::File
        } else if std.is_dir() {
            FileType::Dir
        } else if std.is_symlink() {
            FileType::Symlink
        } else {
            os::special_type(std)
        }
    }
}
