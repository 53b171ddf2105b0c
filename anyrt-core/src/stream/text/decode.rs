//! Decoding of text from bytes that arrive in pieces. It does not wait, so that it can be tested alone.

use std::str;

/// The result of decoding the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// A text, which is not empty, and the number of bytes that it consumed.
    Text(String, usize),
    /// No text yet: the bytes are empty, or an unfinished character.
    Nothing,
    /// The bytes begin with an invalid sequence.
    Invalid {
        /// Whether the sequence is an unfinished character at the end of the stream.
        at_the_end: bool,
    },
}

/// Decodes as much text as possible. If `lossy` is set, invalid sequences are replaced; if `ended` is set, no
/// more bytes will come.
pub(super) fn decode(bytes: &[u8], lossy: bool, ended: bool) -> Decoded {
    // The common case.
    if let Ok(text) = str::from_utf8(bytes) {
        return if text.is_empty() {
            Decoded::Nothing
        } else {
            Decoded::Text(text.to_owned(), bytes.len())
        };
    }
    let mut text = String::with_capacity(bytes.len());
    let mut used = 0;
    let mut invalid = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        used += chunk.valid().len();
        let bad = chunk.invalid();
        let is_last = used + bad.len() == bytes.len();
        let unfinished =
            is_last && str::from_utf8(bad).is_err_and(|error| error.error_len().is_none());
        if bad.is_empty() || unfinished && !ended {
            break;
        }
        if !lossy {
            invalid = Some(unfinished);
            break;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        used += bad.len();
    }
    match invalid {
        _ if !text.is_empty() => Decoded::Text(text, used),
        Some(at_the_end) => Decoded::Invalid { at_the_end },
        None => Decoded::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes the bytes, split in two at each position. Returns the text, and whether it was valid.
    fn in_pieces(bytes: &[u8], lossy: bool) -> (String, bool) {
        let mut outcomes: Vec<_> = (0..=bytes.len())
            .map(|cut| {
                let mut text = String::new();
                let mut start = 0;
                for (end, ended) in [(cut, false), (bytes.len(), true)] {
                    loop {
                        match decode(&bytes[start..end], lossy, ended) {
                            Decoded::Text(part, used) => {
                                assert!(!part.is_empty());
                                text.push_str(&part);
                                start += used;
                            }
                            Decoded::Nothing => break,
                            Decoded::Invalid { .. } => return (text, false),
                        }
                    }
                }
                assert_eq!(start, bytes.len());
                (text, true)
            })
            .collect();
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "where it is cut makes no difference");
        outcomes.remove(0)
    }

    #[test]
    fn pieces_make_no_difference() {
        let all_lengths = "a\u{7f}\u{80}ü\u{7ff}\u{800}€\u{ffff}\u{10000}😀\u{10ffff}";
        for lossy in [true, false] {
            let (text, valid) = in_pieces(all_lengths.as_bytes(), lossy);
            assert_eq!((&*text, valid), (all_lengths, true));
        }
    }

    #[test]
    fn replacing_is_what_the_standard_library_does() {
        let samples: [&[u8]; 8] = [
            b"\xff",
            b"a\xffb",
            b"\xe2\x82",
            b"\xe2\x82A",
            b"\xe2\x82\xe2\x82\xac",
            b"\xf0\x9f\x98\xff\xfe!",
            b"\xed\xa0\x80 surrogate",
            b"\xc0\x80\xf8\x88\x80\x80\x80",
        ];
        for bytes in samples {
            let expected = String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(in_pieces(bytes, true), (expected, true), "{bytes:?}");
            assert!(!in_pieces(bytes, false).1, "{bytes:?}");
        }
    }
}
