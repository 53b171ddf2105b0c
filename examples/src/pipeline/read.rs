//! Reading: the text of some files, in pieces.
//!
//! A turn reads many small files, or a part of a large one, with the standard library. The documentation
//! of `anyrt::fs` recommends that for thousands of files.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::mem;
use std::vec;

use anyrt::fs::Path;
use anyrt_examples::{Outcome, Unreadable};

/// The number of bytes that are read in one turn. A longer file is read twice: to check whether it is
/// text, and to count.
const PIECE: usize = 256 << 10;

/// The byte after each file, which ends a word.
const SEPARATOR: u8 = b'\n';

/// The state of reading one file after the other, between turns.
pub(crate) struct Reader {
    files: vec::IntoIter<Path>,
    current: Option<Open>,
    /// The start of the current word, if the last piece ended within it.
    word: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(files: Vec<Path>) -> Reader {
        Reader {
            files: files.into_iter(),
            current: None,
            word: Vec::new(),
        }
    }

    /// Reads a piece, and returns the complete words, or `None` at the end. `done` is called with the
    /// result of each file.
    ///
    /// A word that is longer than a piece is kept, and grows, until its end is found.
    pub(crate) fn turn(&mut self, mut done: impl FnMut(Outcome<()>)) -> Option<Vec<u8>> {
        if self.current.is_none() && self.files.len() == 0 {
            return None;
        }
        let mut text = mem::take(&mut self.word);
        let begun = text.len();
        let mut left = PIECE;
        text.reserve(left + self.files.len() + 1);
        while left > 0 {
            let (path, outcome);
            if let Some(mut open) = self.current.take() {
                match open.read(&mut text, &mut left) {
                    Ok(false) => {
                        self.current = Some(open);
                        continue;
                    }
                    Ok(true) => (path, outcome) = (open.path, Ok(())),
                    Err(error) => (path, outcome) = (open.path, Err(error)),
                }
                text.push(SEPARATOR);
            } else if let Some(next) = self.files.next() {
                match Open::new(next.clone()) {
                    Ok(open) => {
                        self.current = Some(open);
                        continue;
                    }
                    Err(error) => (path, outcome) = (next, Err(error)),
                }
            } else {
                break;
            }
            done(outcome.map_err(|error| Unreadable::new(path, error)));
        }
        // The start of the word is known to be letters, and is not searched again.
        match text[begun..]
            .iter()
            .rposition(|byte| !byte.is_ascii_alphabetic())
        {
            Some(last) => self.word = text.split_off(begun + last + 1),
            None => self.word = mem::take(&mut text),
        }
        Some(text)
    }
}

/// A file that is being read.
struct Open {
    path: Path,
    file: File,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing was read.
    New,
    /// It is long; so far, it has no NUL byte.
    Searched,
    /// It has no NUL byte.
    IsText,
}

impl Open {
    fn new(path: Path) -> io::Result<Open> {
        Ok(Open {
            file: File::open(&path)?,
            path,
            state: State::New,
        })
    }

    /// Continues to read. Returns `true` at the end of the file, or `false` when nothing is `left`.
    fn read(&mut self, text: &mut Vec<u8>, left: &mut usize) -> io::Result<bool> {
        let start = text.len();
        let wanted = *left;
        let result = (&mut self.file).take(wanted as u64).read_to_end(text);
        let count = text.len() - start;
        *left -= count;
        if let Err(error) = result {
            if self.state != State::IsText {
                text.truncate(start);
            }
            return Err(error);
        }
        let at_end = count < wanted;
        if self.state == State::IsText {
            return Ok(at_end);
        }
        let is_binary = text[start..].contains(&0);
        if at_end && !is_binary && self.state == State::New {
            return Ok(true); // all of it is in memory
        }
        text.truncate(start);
        if at_end && !is_binary {
            self.file.rewind()?;
            self.state = State::IsText;
        } else {
            self.state = State::Searched;
        }
        Ok(is_binary)
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    /// Returns all pieces of these contents, each of which is a file.
    fn pieces(contents: &[&[u8]]) -> Vec<Vec<u8>> {
        let folder = env::temp_dir().join(format!("pipeline-{}-{:p}", process::id(), contents));
        fs::create_dir(&folder).unwrap();
        let write = |(number, content): (usize, &&[u8])| {
            let path = folder.join(number.to_string());
            fs::write(&path, content).unwrap();
            Path::new(path)
        };
        let mut reader = Reader::new(contents.iter().enumerate().map(write).collect());
        let mut files = 0;
        let mut pieces = Vec::new();
        while let Some(piece) = reader.turn(|outcome| {
            assert!(outcome.is_ok());
            files += 1;
        }) {
            pieces.push(piece);
        }
        fs::remove_dir_all(folder).unwrap();
        assert_eq!(files, contents.len());
        pieces
    }

    #[test]
    fn small_files_share_a_piece() {
        assert_eq!(pieces(&[b"a b", b"c\n", b"", b"d"]), [b"a b\nc\n\n\nd\n"]);
    }

    #[test]
    fn a_piece_ends_where_a_word_does() {
        let word = b"word ".repeat(PIECE / 2);
        let pieces = pieces(&[&word]);
        assert!(pieces.len() > 2);
        for piece in &pieces {
            assert!(piece.len() <= PIECE + 6);
            assert!(matches!(piece.last(), None | Some(b' ' | b'\n')));
        }
        assert_eq!(pieces.concat(), [&word[..], b"\n"].concat());
    }

    #[test]
    fn a_long_word_stays_whole() {
        let word = vec![b'x'; 5 * PIECE + 7];
        let pieces = pieces(&[&word, b"y"]).concat();
        assert_eq!(pieces, [&word[..], b"\ny\n"].concat());
    }

    #[test]
    fn sizes_at_the_border_are_right() {
        for size in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
            let word = vec![b'x'; size];
            let pieces = pieces(&[&word, &word]).concat();
            assert_eq!(pieces, [&word[..], b"\n", &word, b"\n"].concat());
        }
    }

    #[test]
    fn one_nul_anywhere_makes_it_no_text() {
        for (size, nul) in [(3, 1), (PIECE, PIECE - 1), (3 * PIECE, 3 * PIECE - 1)] {
            let mut binary = b"ab ".repeat(size / 3 + 1);
            binary.truncate(size);
            binary[nul] = 0;
            assert_eq!(pieces(&[b"a", &binary, b"b"]).concat(), b"a\n\nb\n");
        }
    }

    #[test]
    fn a_path_that_is_gone_is_reported() {
        let mut reader = Reader::new(vec![Path::new("this/was/listed")]);
        let mut outcomes = Vec::new();
        while reader.turn(|outcome| outcomes.push(outcome)).is_some() {}
        let [Err(unreadable)] = &outcomes[..] else {
            panic!("one outcome was expected");
        };
        assert!(unreadable.to_string().starts_with("this/was/listed: "));
    }
}
