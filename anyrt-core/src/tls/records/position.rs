//! The boundaries of records in a stream of bytes.

/// The place of the next byte in its record.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The number of header bytes seen so far.
    header: usize,
    /// The number of body bytes still to come, according to the header.
    body: usize,
}

impl Position {
    /// The length of a header: one byte of type, two of version, two of length.
    const HEADER: usize = 5;

    /// Advances over the bytes that belong to the current record, and returns their number.
    ///
    /// Bytes that are not TLS are divided in the same way; the session detects them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut length = 0;
        // 1. The header, which may arrive in pieces. Its last two bytes are the length of the body.
        while self.header < Self::HEADER {
            let Some(byte) = bytes.get(length) else {
                return length;
            };
            if self.header >= 3 {
                self.body = self.body << 8 | usize::from(*byte);
            }
            self.header += 1;
            length += 1;
        }
        // 2. The body. After its last byte, the next record begins.
        let of_body = self.body.min(bytes.len() - length);
        self.body -= of_body;
        // Also for an empty body, right after the header.
        if self.body == 0 {
            *self = Position::default();
        }
        length + of_body
    }
}
