//! Looking for a delimiter in bytes that come in pieces: the algorithm of Knuth, Morris and Pratt,
//! which looks at each byte once, whatever the delimiter and the pieces are.

/// The outcome of a search in what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The delimiter begins here.
    At(usize),
    /// More bytes are needed to tell.
    NotYet,
    /// It is not where it has to be.
    TooFar,
}

#[derive(Default)]
pub(super) struct Search {
    delimiter: Vec<u8>,
    /// For each length of a beginning of the delimiter that has been seen: how much of its end is
    /// again a beginning of the delimiter, and shorter.
    shorter: Vec<usize>,
    /// How many bytes have been looked at.
    looked_at: usize,
    /// How many of the last of them are a beginning of the delimiter.
    matched: usize,
}

impl Search {
    /// The bytes are others from now on.
    pub(super) fn restart(&mut self) {
        self.looked_at = 0;
        self.matched = 0;
    }

    /// Goes on where it left off. What was looked at before must not have changed.
    pub(super) fn find(&mut self, delimiter: &[u8], bytes: &[u8], max: usize) -> Found {
        if self.delimiter != delimiter {
            self.prepare(delimiter);
        }
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
                // Most bytes begin no delimiter.
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

    /// How much is matched after one byte more.
    fn after(&self, byte: u8) -> usize {
        let mut matched = self.matched;
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
