//! Finding what a URL stands for. All of this blocks.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{listing, name};

/// What is served for a directory, if it is there.
const INDEX: &str = "index.html";

/// What is there.
#[derive(Debug)]
pub(super) enum Place {
    /// A regular file, open for reading.
    File(Found),
    /// The list of a directory's contents, as a page.
    List(String),
    /// A directory whose address was given without the slash at its end: this is the right one.
    Moved(String),
}

/// A file.
#[derive(Debug)]
pub(super) struct Found {
    /// Itself, at its beginning.
    pub(super) file: File,
    /// What is known of it.
    pub(super) metadata: Metadata,
    /// Its extension tells the type.
    pub(super) path: PathBuf,
}

/// Why there is nothing to be had.
#[derive(Debug)]
pub(super) enum Nothing {
    /// It is not there.
    Missing,
    /// It is outside, neither a file nor a directory, or not readable.
    Forbidden,
    /// Something else is the matter: maybe too many files are open.
    Trouble(io::Error),
}

/// Finds what the names lead to from the root, whose path has no links in it.
///
/// Links are resolved first, and what they lead to is opened: whatever is outside stays there. Only
/// somebody who can change the directories meanwhile could do something about it.
pub(super) fn find(root: &Path, names: &[OsString], with_slash: bool) -> Result<Place, Nothing> {
    let mut path = root.to_path_buf();
    path.extend(names);
    let real = resolve(root, &path)?;
    let metadata = real.metadata()?;
    if !metadata.is_dir() {
        return match with_slash {
            true => Err(Nothing::Missing),
            false => open(&real, path),
        };
    }
    if !with_slash {
        // Made of the names, so that it is on this server whatever the address was.
        let names = names.iter().map(|name| format!("/{}", name::encode(name)));
        return Ok(Place::Moved(names.collect::<String>() + "/"));
    }
    path.push(INDEX);
    match resolve(root, &path) {
        Ok(real) => open(&real, path),
        Err(Nothing::Missing) => Ok(Place::List(listing::list(&real, names)?)),
        Err(other) => Err(other),
    }
}

fn resolve(root: &Path, path: &Path) -> Result<PathBuf, Nothing> {
    let real = path.canonicalize()?;
    match real.starts_with(root) {
        true => Ok(real),
        false => Err(Nothing::Forbidden),
    }
}

/// Opens a regular file: opening a pipe would wait for its writer.
fn open(real: &Path, path: PathBuf) -> Result<Place, Nothing> {
    if !real.metadata()?.is_file() {
        return Err(Nothing::Forbidden);
    }
    let file = File::open(real)?;
    let metadata = file.metadata()?;
    Ok(Place::File(Found {
        file,
        metadata,
        path,
    }))
}

impl From<io::Error> for Nothing {
    fn from(error: io::Error) -> Nothing {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
                Nothing::Missing
            }
            ErrorKind::PermissionDenied => Nothing::Forbidden,
            _ => Nothing::Trouble(error),
        }
    }
}
