//! Finding the file of a URL. All of this blocks.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{listing, name};

/// The file that is served for a directory, if it exists.
const INDEX: &str = "index.html";

/// The result of a successful search.
#[derive(Debug)]
pub(super) enum Place {
    /// A regular file, open for reading.
    File(Found),
    /// A page with the contents of a directory.
    List(String),
    /// A directory whose address had no slash at its end: this is the right address.
    Moved(String),
}

/// A file.
#[derive(Debug)]
pub(super) struct Found {
    /// The open file, at its beginning.
    pub(super) file: File,
    /// Its metadata.
    pub(super) metadata: Metadata,
    /// Its path, whose extension gives the type.
    pub(super) path: PathBuf,
}

/// The reason why there is no result.
#[derive(Debug)]
pub(super) enum Nothing {
    /// The file does not exist.
    Missing,
    /// It is outside, neither a file nor a directory, or not readable.
    Forbidden,
    /// Another error: maybe too many files are open.
    Trouble(io::Error),
}

/// Finds the file at the names below the root, whose path has no links in it.
///
/// Links are resolved first, and their target is opened: files outside of the root are not served. Only
/// a process that can change the directories meanwhile could get around that.
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
        // Built from the names, so that it is on this server for every address.
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

/// Opens a regular file. Opening a pipe would wait for its writer.
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
