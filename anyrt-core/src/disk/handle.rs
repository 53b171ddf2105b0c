//! [`Handle`].

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::SystemTime;

use super::{Metadata, Permissions, os};
use crate::runtime::OpenFile;

/// An open file.
#[derive(Debug)]
pub(crate) enum Handle {
    /// One of the operating system.
    System(File),
    /// One of the runtime.
    Own(Box<dyn OpenFile>),
}

/// Implements a method by a function of each kind of file.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $output:ty, $system:expr;)*) => { $(
        $(#[$doc])*
        #[cfg_attr(not(feature = "fs"), expect(dead_code, reason = "for `fs::File`"))]
        pub(crate) fn $name(&self, $($argument: $type),*) -> io::Result<$output> {
            match self {
                Handle::System(file) => $system(file, $($argument),*),
                Handle::Own(file) => file.$name($($argument),*),
            }
        }
    )* };
}

impl Handle {
    calls! {
        /// Reads at an offset.
        read_at(buffer: &mut [u8], offset: u64) -> usize, os::read_at;
        /// Writes at an offset.
        write_at(bytes: &[u8], offset: u64) -> usize, os::write_at;
        /// Sets the length.
        set_len(length: u64) -> (), File::set_len;
        /// Returns the metadata.
        metadata() -> Metadata, |file: &File| Ok(file.metadata()?.into());
        /// Sets the permissions.
        set_permissions(permissions: Permissions) -> (), |file, permissions| os::set_permissions_of(file, &permissions);
        /// Sets the time of the last modification.
        set_modified(time: SystemTime) -> (), File::set_modified;
        /// Waits until everything is on the disk.
        sync(data_only: bool) -> (), sync;
        /// Tries to lock the file.
        try_lock(shared: bool) -> bool, os::try_lock;
        /// Releases the lock.
        unlock() -> (), os::unlock;
    }

    /// Copies up to this number of bytes between the positions of two files; returns how many.
    #[cfg(feature = "fs")]
    pub(crate) fn copy_to(&self, target: &Handle, most: u64) -> io::Result<u64> {
        match (self.as_std(), target.as_std()) {
            // The system copies by itself where it can.
            (Some(source), Some(mut target)) => io::copy(&mut source.take(most), &mut target),
            _ => io::copy(&mut self.take(most), &mut &*target),
        }
    }

    /// Reads bytes that the operating system has in memory; fails if it has none or cannot do this.
    pub(crate) fn read_cached(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Handle::System(file) => os::read_cached(file, buffer),
            Handle::Own(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Returns the file of the standard library.
    pub(crate) fn as_std(&self) -> Option<&File> {
        match self {
            Handle::System(file) => Some(file),
            Handle::Own(_) => None,
        }
    }

    /// Returns the file of the standard library, or an error if it is not one.
    pub(crate) fn into_std(self) -> io::Result<File> {
        match self {
            Handle::System(file) => Ok(file),
            Handle::Own(_) => Err(not_of_the_system()),
        }
    }
}

/// Returns the error for a file that the standard library cannot have.
pub(crate) fn not_of_the_system() -> io::Error {
    let message = "the file belongs to the runtime, and the standard library cannot use it";
    io::Error::new(io::ErrorKind::Unsupported, message)
}

fn sync(file: &File, data_only: bool) -> io::Result<()> {
    if data_only {
        file.sync_data()
    } else {
        file.sync_all()
    }
}

impl Read for &Handle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Handle::System(file) => (&mut &*file).read(buffer),
            Handle::Own(file) => file.read(buffer),
        }
    }
}

impl Write for &Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Handle::System(file) => (&mut &*file).write(bytes),
            Handle::Own(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for &Handle {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Handle::System(file) => os::seek(file, to),
            Handle::Own(file) => file.seek(to),
        }
    }
}

impl From<File> for Handle {
    fn from(file: File) -> Handle {
        Handle::System(file)
    }
}
