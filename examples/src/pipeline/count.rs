//! Counting the words of a piece of text.

use std::collections::HashMap;
use std::ops::Range;

/// A piece of text, with the position and the count of each distinct word.
pub(crate) struct Counted {
    text: Vec<u8>,
    words: Vec<(Range<usize>, u64)>,
}

impl Counted {
    pub(crate) fn words(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let word = |(range, count): &(Range<usize>, u64)| (&self.text[range.clone()], *count);
        self.words.iter().map(word)
    }
}

/// Counts the words: maximal runs of letters, in lower case.
pub(crate) fn count(mut text: Vec<u8>) -> Counted {
    text.make_ascii_lowercase();
    let mut words = HashMap::new();
    let mut start = 0;
    for word in text.split(|byte| !byte.is_ascii_lowercase()) {
        let end = start + word.len();
        if !word.is_empty() {
            words.entry(word).or_insert((start..end, 0)).1 += 1;
        }
        start = end + 1;
    }
    let words = words.into_values().collect();
    Counted { text, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_in_a_row() {
        let counted = count(b"It's 2B, or not2b; IT\xc3\xa9is\xff".to_vec());
        let mut words: Vec<_> = counted.words().collect();
        words.sort_unstable();
        let expected = [
            ("b", 2),
            ("is", 1),
            ("it", 2),
            ("not", 1),
            ("or", 1),
            ("s", 1),
        ];
        assert_eq!(
            words,
            expected.map(|(word, count)| (word.as_bytes(), count))
        );
    }

    #[test]
    fn where_there_is_no_letter_there_is_no_word() {
        assert_eq!(count(Vec::new()).words().count(), 0);
        assert_eq!(count(b" 1\n\n".to_vec()).words().count(), 0);
    }
}
