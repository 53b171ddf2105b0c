//! Linux, which can read only the bytes that it has in memory (`RWF_NOWAIT`).

use std::fs::File;
use std::io::{self, IoSliceMut};

use rustix::io::{ReadWriteFlags, preadv2};

/// Reads bytes at the descriptor that are in memory; [`WouldBlock`](io::ErrorKind::WouldBlock) if there are
/// none.
pub(in crate::disk) fn read_cached(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let at_the_descriptor = u64::MAX;
    let buffers = &mut [IoSliceMut::new(buffer)];
    Ok(preadv2(
        file,
        buffers,
        at_the_descriptor,
        ReadWriteFlags::NOWAIT,
    )?)
}
