/// Where in a record the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// How much of the header was seen.
    header: usize,
    /// How long the body still is, as far as the header has said.
    body: usize,
}

impl Position {
    /// What stands before the body: the type, two bytes of version, and two of length.
    const HEADER: usize = 5;

    /// Goes on by as many of these bytes as belong to the record, and says how many.
    ///
    /// What is no TLS is cut into pieces like any other: the session finds out.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut length = 0;
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
        let of_body = self.body.min(bytes.len() - length);
        self.body -= of_body;
        if self.body == 0 {
            *self = Position::default();
        }
        length + of_body
    }
}
