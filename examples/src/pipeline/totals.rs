//! Adding up, and printing.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use crate::count::Counted;

/// How often each word was seen.
#[derive(Default)]
pub(crate) struct Totals(HashMap<Box<[u8]>, u64>);

impl Totals {
    /// Adds what is in a piece of text, and tells how many words that was.
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

    /// Prints so many of the most frequent words as `uniq -c` would, most frequent first, then by
    /// word.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
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
