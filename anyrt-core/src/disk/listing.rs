//! [`Listing`].

use std::ffi::OsString;
use std::{fs, io, mem, vec};

use super::FileType;

/// The entries of a folder, without `.` and `..`.
#[derive(Debug)]
pub(crate) enum Listing {
    /// Read as they are requested, while the folder is open.
    Open(fs::ReadDir),
    InMemory(vec::IntoIter<io::Result<ListedEntry>>),
}

/// The name of an entry, and its type or the error of finding that.
pub(crate) type ListedEntry = (OsString, io::Result<FileType>);

impl Listing {
    /// Creates a listing of entries that are all known.
    pub(super) fn in_memory(entries: Vec<(OsString, FileType)>) -> Listing {
        let entries = entries.into_iter();
        let entries = entries.map(|(name, file_type)| Ok((name, Ok(file_type))));
        Listing::InMemory(entries.collect::<Vec<_>>().into_iter())
    }

    /// Reads all remaining entries, and closes the folder.
    pub(crate) fn close(&mut self) {
        if matches!(self, Listing::Open(_)) {
            let closed = Listing::InMemory(Vec::new().into_iter());
            let entries: Vec<_> = mem::replace(self, closed).collect();
            *self = Listing::InMemory(entries.into_iter());
        }
    }

    /// Reads all remaining entries, and sorts them by name; errors come first.
    pub(crate) fn sorted(self) -> Listing {
        let mut entries: Vec<_> = self.collect();
        entries.sort_by(|a, b| {
            let names = [a, b].map(|entry| entry.as_ref().ok().map(|(name, _)| name));
            names[0].cmp(&names[1])
        });
        Listing::InMemory(entries.into_iter())
    }
}

impl Iterator for Listing {
    type Item = io::Result<ListedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Listing::Open(entries) => {
                let entry = entries.next()?;
                Some(entry.map(|entry| {
                    let file_type = entry.file_type();
                    (entry.file_name(), file_type.map(FileType::from))
                }))
            }
            Listing::InMemory(entries) => entries.next(),
        }
    }
}
