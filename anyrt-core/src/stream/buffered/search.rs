//! A search for a delimiter in bytes that arrive in pieces: the algorithm of Knuth, Morris and Pratt, which
//! inspects each byte once, for all delimiters and pieces.

/// The result of a search in the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The delimiter begins at this position.
    At(usize),
    /// More bytes are needed to decide.
    NotYet,
    /// The delimiter does not begin within the limit.
    TooFar,
}

/// The state of a search, kept while bytes are appended.
#[derive(Default)]
pub(super) struct Search {
    delimiter: Vec<u8>,
    /// The failure function: for each length of a prefix of the delimiter (minus one, as the index), the
    /// length of its longest proper suffix that is also a prefix.
    shorter: Vec<usize>,
    /// The number of bytes inspected so far.
    looked_at: usize,
    /// The number of the last inspected bytes that are a prefix of the delimiter.
    matched: usize,
}

impl Search {
    /// Restarts the search, since the bytes have changed.
    pub(super) fn restart(&mut self) {
        self.looked_at = 0;
        self.matched = 0;
    }

    /// Continues the search. The bytes that were inspected before must not have changed.
    pub(super) fn find(&mut self, delimiter: &[u8], bytes: &[u8], max: usize) -> Found {
        if self.delimiter != delimiter {
            self.prepare(delimiter);
        }
        // Ends: each round inspects at least one byte, or returns.
        loop {
            if self.matched == delimiter.len() {
                let found = self.looked_at - self.matched;
                return if found <= max {
                    Found::At(found)
                } else {
                    Found::TooFar
                };
            }
            if self.looked_at - self.matched > max {
                return Found::TooFar;
            }
            if self.matched == 0 {
                // Fast path: skip bytes that do not begin the delimiter.
                let rest = &bytes[self.looked_at..];
                let first = rest.iter().position(|byte| *byte == delimiter[0]);
                self.looked_at += first.unwrap_or(rest.len());
            }
            let Some(byte) = bytes.get(self.looked_at) else {
                return if self.looked_at - self.matched > max {
                    Found::TooFar
                } else {
                    Found::NotYet
                };
            };
            self.matched = self.after(*byte);
            self.looked_at += 1;
        }
    }

    /// Returns the new value of `matched` after one more byte.
    fn after(&self, byte: u8) -> usize {
        let mut matched = self.matched;
        // Ends: `matched` gets smaller in each round.
        loop {
            if self.delimiter[matched] == byte {
                return matched + 1;
            }
            if matched == 0 {
                return 0;
            }
            matched = self.shorter[matched - 1];
        }
    }

    /// Sets a new delimiter, and computes its failure function.
    fn prepare(&mut self, delimiter: &[u8]) {
        self.delimiter.clear();
        self.delimiter.extend_from_slice(delimiter);
        self.shorter.clear();
        self.shorter.push(0);
        self.matched = 0;
        for byte in &delimiter[1..] {
            self.matched = self.after(*byte);
            self.shorter.push(self.matched);
        }
        self.restart();
    }
}
