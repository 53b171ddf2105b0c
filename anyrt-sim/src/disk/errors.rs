//! Errors of the disk, with the numbers of the operating system.

use std::io;

/// An error of the disk, named as the operating system names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(Code);

#[cfg(unix)]
type Code = rustix::io::Errno;
#[cfg(not(unix))]
type Code = io::ErrorKind;

/// Defines an error by its number, or by the kind where the system has no such numbers.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {
        impl Errno {
            $(
                $(#[$doc])*
                #[cfg(unix)]
                pub(super) const $name: Errno = Errno(Code::$name);
                #[cfg(not(unix))]
                pub(super) const $name: Errno = Errno(Code::$kind);
            )*
        }
    };
}

errors! {
    /// The mode of the file or folder does not permit it.
    ACCESS: PermissionDenied;
    /// The file was not opened for this.
    BADF: PermissionDenied;
    /// The path is that of a folder that is in use.
    BUSY: ResourceBusy;
    /// The path exists.
    EXIST: AlreadyExists;
    /// The file would be too large.
    FBIG: FileTooLarge;
    /// The arguments make no sense.
    INVAL: InvalidInput;
    /// The disk has failed, or its host has crashed.
    IO: Other;
    /// It is a folder.
    ISDIR: IsADirectory;
    /// Too many symbolic links were followed.
    LOOP: Other;
    /// A name or a path is too long.
    NAMETOOLONG: InvalidFilename;
    /// The path does not exist.
    NOENT: NotFound;
    /// The disk is full.
    NOSPC: StorageFull;
    /// It is not a folder.
    NOTDIR: NotADirectory;
    /// The folder is not empty.
    NOTEMPTY: DirectoryNotEmpty;
    /// The operation does not exist for this type of file.
    PERM: PermissionDenied;
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> io::Error {
        errno.0.into()
    }
}
