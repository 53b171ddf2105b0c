//! What every system has of [`OpenMode`].

use std::fs::OpenOptions;

use crate::runtime::OpenMode;

/// Returns the options of the standard library, without the mode of a created file.
pub(super) fn options(mode: &OpenMode) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(mode.read)
        .write(mode.write)
        .append(mode.append)
        .truncate(mode.truncate)
        .create(mode.create)
        .create_new(mode.create_new);
    options
}
