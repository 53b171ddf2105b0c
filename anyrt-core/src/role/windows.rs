//! How a process of Windows finds its role: by the file that is its standard input.
//!
//! The file is an *invitation*: the marker, and what the worker needs to connect to the program. It has no name that
//! lasts, and is emptied when the worker begins to serve. So the processes that a worker starts find no marker, even if
//! they have the same standard input, and a worker reads the end of its input.

use std::env;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, stdin};
use std::os::windows::fs::FileExt;
use std::os::windows::io::AsHandle;

use super::marker::{MARKER, Role, parent_of};

/// The maximum length of an invitation.
const LONGEST: u64 = 512;

/// Finds the role.
pub(super) fn find_role() -> Role {
    let Ok(marker) = env::var(MARKER) else {
        return Role::PROGRAM;
    };
    match (parent_of(&marker), read_stdin()) {
        (Some(_), Ok((_, text))) if text.lines().next() == Some(&*marker) => Role::Worker {
            marker: marker.len(),
        },
        _ => Role::PROGRAM,
    }
}

/// Reads the invitation, and empties it. Returns what comes after the marker.
pub(crate) fn accept_invitation(marker: usize) -> io::Result<String> {
    let (file, mut text) = read_stdin()?;
    file.set_len(0)?;
    if !text.is_char_boundary(marker) {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(text.split_off(marker))
}

/// Reads the file that is the standard input, without changing its position.
fn read_stdin() -> io::Result<(File, String)> {
    let mut file = File::from(stdin().as_handle().try_clone_to_owned()?);
    let metadata = file.metadata()?;
    // What is no file could block.
    if !metadata.is_file() || !(1..=LONGEST).contains(&metadata.len()) {
        return Err(ErrorKind::InvalidData.into());
    }
    let position = file.stream_position()?;
    let mut bytes = vec![0; LONGEST as usize];
    // The file is short, so one read returns all of it. It moves the position.
    let read = file.seek_read(&mut bytes, 0);
    file.seek(SeekFrom::Start(position))?;
    bytes.truncate(read?);
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    Ok((file, text))
}
