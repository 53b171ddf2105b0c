//! The bytes and the position while they are in memory.

use std::io::{self, Seek, SeekFrom, Write};

use crate::disk::Handle;

#[derive(Default)]
pub(super) struct Memory {
    bytes: Vec<u8>,
    /// At most `i64::MAX`, as in a file.
    pub(super) position: u64,
}

impl Memory {
    pub(super) fn rest(&self) -> &[u8] {
        let begin = usize::try_from(self.position).unwrap_or(usize::MAX);
        self.bytes.get(begin..).unwrap_or(&[])
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.rest();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        count
    }

    /// Writes at the position; `end` is the position afterwards.
    pub(super) fn write(&mut self, bytes: &[u8], end: usize) -> io::Result<()> {
        if self.bytes.len() < end {
            self.set_len(end)?;
        }
        self.bytes[end - bytes.len()..end].copy_from_slice(bytes);
        self.position = end as u64;
        Ok(())
    }

    pub(super) fn set_len(&mut self, length: usize) -> io::Result<()> {
        let more = length.saturating_sub(self.bytes.len());
        let reserved = self.bytes.try_reserve(more);
        reserved.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.bytes.resize(length, 0);
        Ok(())
    }

    pub(super) fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => (self.bytes.len() as u64).checked_add_signed(by),
        };
        let position = position.filter(|position| i64::try_from(*position).is_ok());
        let message = "the position is before the beginning or too large";
        self.position =
            position.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        Ok(self.position)
    }

    pub(super) fn write_to(&self, mut file: &Handle) -> io::Result<()> {
        file.write_all(&self.bytes)?;
        file.seek(SeekFrom::Start(self.position))?;
        Ok(())
    }
}
