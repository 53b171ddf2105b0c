//! Trees of folders on systems other than Unix.

use std::fs;
use std::io;
use std::path::Path;

use crate::disk::{Identity, Metadata};

/// Returns the identity of the file at this path.
pub(in crate::disk) fn identity(_metadata: &Metadata, path: &Path) -> io::Result<Identity> {
    Ok(Identity::Path(fs::canonicalize(path)?))
}

/// Removes a folder with everything in it, in one step.
pub(in crate::disk) fn remove_all<E: From<io::Error>>(
    path: &Path,
    step: &mut dyn FnMut() -> Result<(), E>,
) -> Result<(), E> {
    step()?;
    Ok(fs::remove_dir_all(path)?)
}

/// Returns whether an error means that too many links were followed.
pub(in crate::disk) fn is_link_loop(_error: &io::Error) -> bool {
    false
}
