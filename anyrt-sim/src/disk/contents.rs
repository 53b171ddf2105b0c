//! The contents of a file: pages by number, so that holes take no memory.

use std::collections::BTreeMap;

/// The size of a page.
const PAGE: u64 = 4096;

/// The contents of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    length: u64,
    /// The pages that are not holes. A page may be shorter than its size: the rest is zero.
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Contents {
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Reads at an offset. Returns the number of bytes, which is zero at the end.
    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let count = self.length.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let buffer = &mut buffer[..count];
        buffer.fill(0);
        let mut done = 0;
        // Ends: each round fills at least a byte.
        while done < count {
            let (number, start) = place(offset + done as u64);
            let part = (count - done).min(PAGE as usize - start);
            if let Some(page) = self.pages.get(&number) {
                let there = page.get(start..).unwrap_or_default();
                let there = &there[..there.len().min(part)];
                buffer[done..done + there.len()].copy_from_slice(there);
            }
            done += part;
        }
        count
    }

    /// Writes at an offset. Between the end and the offset there are zeros.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        let mut done = 0;
        // Ends: each round writes at least a byte.
        while done < bytes.len() {
            let (number, start) = place(offset + done as u64);
            let part = (bytes.len() - done).min(PAGE as usize - start);
            let page = self.pages.entry(number).or_default();
            if page.len() < start + part {
                page.resize(start + part, 0);
            }
            page[start..start + part].copy_from_slice(&bytes[done..done + part]);
            done += part;
        }
        if !bytes.is_empty() {
            self.length = self.length.max(offset + bytes.len() as u64);
        }
    }

    /// Sets the length; added bytes are zero.
    pub(super) fn resize(&mut self, length: u64) {
        if length < self.length {
            let (number, start) = place(length);
            drop(self.pages.split_off(&(number + 1)));
            if let Some(page) = self.pages.get_mut(&number) {
                page.truncate(start);
            }
        }
        self.length = length;
    }

    /// Returns all bytes.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length as usize];
        for (number, page) in &self.pages {
            let start = (number * PAGE) as usize;
            bytes[start..start + page.len()].copy_from_slice(page);
        }
        bytes
    }
}

/// Returns the number of the page of an offset, and the place in it.
fn place(offset: u64) -> (u64, usize) {
    (offset / PAGE, (offset % PAGE) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_behave_as_a_vector() {
        let mut contents = Contents::default();
        let mut vector: Vec<u8> = Vec::new();
        let mut rng = crate::random::Rng::stream(7, 7);
        for round in 0..500 {
            let offset = rng.below(20_000) as usize;
            if rng.below(5) == 0 {
                vector.resize(offset, 0);
                contents.resize(offset as u64);
            } else {
                let bytes = vec![round as u8; rng.below(9000) as usize + 1];
                let end = offset + bytes.len();
                vector.resize(vector.len().max(end), 0);
                vector[offset..end].copy_from_slice(&bytes);
                contents.write(&bytes, offset as u64);
            }
            assert_eq!(contents.len(), vector.len() as u64);
            assert_eq!(contents.to_vec(), vector, "{round}");
            let from = rng.below(25_000) as usize;
            let mut buffer = vec![1; rng.below(9000) as usize];
            let count = contents.read(&mut buffer, from as u64);
            let expected = vector.get(from..).unwrap_or_default();
            assert_eq!(&buffer[..count], &expected[..count]);
            assert_eq!(count, expected.len().min(buffer.len()));
        }
    }

    #[test]
    fn a_hole_takes_no_memory() {
        let mut contents = Contents::default();
        contents.write(b"end", 1 << 40);
        assert_eq!(contents.len(), (1 << 40) + 3);
        assert_eq!(contents.pages.len(), 1);
        let mut buffer = [1; 8];
        assert_eq!(contents.read(&mut buffer, (1 << 40) - 4), 7);
        assert_eq!(&buffer[..7], b"\0\0\0\0end");
    }
}
