//! Adding up the counts, and printing them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use crate::count::Counted;

/// The number of occurrences of each word.
#[derive(Default)]
pub(crate) struct Totals(HashMap<Box<[u8]>, u64>);

impl Totals {
    /// Adds the counts of a piece of text. Returns its number of words.
    pub(crate) fn add(&mut self, counted: &Counted) -> u64 {
        let mut sum = 0;
        for (word, count) in counted.words() {
            sum += count;
            match self.0.get_mut(word) {
                Some(total) => *total += count,
                None => {
                    self.0.insert(word.into(), count);
                }
            }
        }
        sum
    }

    /// Prints at most `most` words in the format of `uniq -c`, the most frequent first, then by word.
    ///
    /// # Errors
    ///
    /// Returns the error of writing to standard output.
    pub(crate) fn print(&self, most: usize) -> io::Result<()> {
        let mut lines = Vec::new();
        for (count, word) in self.top(most) {
            write!(lines, "{count:7} ")?;
            lines.extend_from_slice(word);
            lines.push(b'\n');
        }
        let mut out = io::stdout().lock();
        out.write_all(&lines)?;
        out.flush()
    }

    fn top(&self, most: usize) -> impl Iterator<Item = (u64, &[u8])> {
        let mut top = BTreeSet::new();
        for (word, count) in &self.0 {
            top.insert((Reverse(*count), &word[..]));
            if top.len() > most {
                top.pop_last();
            }
        }
        top.into_iter().map(|(Reverse(count), word)| (count, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::count;

    #[test]
    fn the_most_frequent_come_first_and_then_the_alphabet_decides() {
        let mut totals = Totals::default();
        assert_eq!(totals.add(&count(b"d c c a".to_vec())), 4);
        assert_eq!(totals.add(&count(b"b c b".to_vec())), 3);
        let top: Vec<_> = totals.top(3).collect();
        assert_eq!(top, [(3, &b"c"[..]), (2, b"b"), (1, b"a")]);
    }
}
