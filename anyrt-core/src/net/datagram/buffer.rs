//! The buffers that packets are received into.

use std::io;

use crate::net::Domain;

/// Returns a buffer for a packet of up to `max` bytes.
pub(super) fn room<K: Domain>(max: usize) -> io::Result<Vec<u8>> {
    refuse_zero(max)?;
    Ok(vec![0; max.min(K::LONGEST_PACKET)])
}

/// Refuses an empty buffer: receiving into it would discard a packet.
pub(super) fn refuse_zero(max: usize) -> io::Result<()> {
    if max == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the buffer is empty: a packet needs at least one byte",
        ));
    }
    Ok(())
}

/// Truncates a buffer to what was received. Frees the rest if the packet fills less than half of it, as the
/// caller may keep many small packets.
pub(super) fn cut(mut buffer: Vec<u8>, length: usize) -> Vec<u8> {
    buffer.truncate(length);
    if buffer.capacity() > 2 * length {
        buffer.shrink_to_fit();
    }
    buffer
}
