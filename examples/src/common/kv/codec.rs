//! Bytes of records and messages: numbers of eight bytes, and byte strings with their length.

use std::io;

/// The bytes of a value that is being encoded.
#[derive(Default)]
pub(super) struct Encoder(pub(super) Vec<u8>);

impl Encoder {
    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Encodes whether there is a value. Returns it, to encode it too.
    pub(super) fn option<'a, T>(&mut self, option: &'a Option<T>) -> Option<&'a T> {
        self.0.push(option.is_some().into());
        option.as_ref()
    }
}

/// The bytes that are left of a value that is being decoded.
pub(super) struct Decoder<'a>(pub(super) &'a [u8]);

impl<'a> Decoder<'a> {
    pub(super) fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(invalid)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> io::Result<u64> {
        let bytes = self.take(8)?.try_into().expect("it has eight bytes");
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn position(&mut self) -> io::Result<usize> {
        self.number()?.try_into().map_err(|_| invalid())
    }

    pub(super) fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let count = self.position()?;
        self.take(count)
    }

    pub(super) fn flag(&mut self) -> io::Result<bool> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(invalid()),
        }
    }

    /// Checks that nothing is left.
    pub(super) fn end(self) -> io::Result<()> {
        self.0.is_empty().then_some(()).ok_or_else(invalid)
    }
}

pub(super) fn invalid() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "bytes that no node of this version writes",
    )
}
