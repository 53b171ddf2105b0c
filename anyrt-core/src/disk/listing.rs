//! [`Listing`].

use std::ffi::OsString;
use std::{fs, io, vec};

use super::FileType;

/// The entries of a folder, without `.` and `..`. It may hold the folder open.
#[derive(Debug)]
pub(crate) enum Listing {
    System(fs::ReadDir),
    InMemory(vec::IntoIter<(OsString, FileType)>),
}

/// An entry: its name, and its type or the error of finding that.
pub(crate) type ListedEntry = (OsString, io::Result<FileType>);

impl Iterator for Listing {
    type Item = io::Result<ListedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Listing::System(entries) => {
                let entry = entries.next()?;
                Some(entry.map(|entry| {
                    let file_type = entry.file_type();
                    (entry.file_name(), file_type.map(FileType::from))
                }))
            }
            Listing::InMemory(entries) => {
                let (name, file_type) = entries.next()?;
                Some(Ok((name, Ok(file_type))))
            }
        }
    }
}
