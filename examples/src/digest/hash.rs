//! Hashing: the work of one turn on a worker thread.
//!
//! A turn reads many small files, or a part of a large one, with the standard library, and hashes them
//! in place. The documentation of `anyrt::fs` recommends that for thousands of files.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::Sender;

use anyrt::fs::Path;
use anyrt_examples::{Outcome, Unreadable};
use sha2::{Digest, Sha256};

use crate::output::line;

/// The number of bytes that are hashed in one turn, which takes a few milliseconds.
const TURN: usize = 4 << 20;

/// The minimum cost of a file, in bytes.
const FILE: usize = 16 << 10;

const BUFFER: usize = 128 << 10;

/// Results of one turn: the number of each file, and its line.
pub(crate) type Batch = Vec<(usize, Outcome<Vec<u8>>)>;

/// The state of hashing one file after the other, between turns.
pub(crate) struct Job<N> {
    next: N,
    results: Sender<Batch>,
    current: Option<Open>,
    buffer: Vec<u8>,
}

impl<N> Job<N>
where
    N: FnMut() -> Option<(usize, Outcome<Path>)>,
{
    /// Creates a job. `next` returns the number and the path of the next file, if there is one.
    pub(crate) fn new(next: N, results: Sender<Batch>) -> Job<N> {
        Job {
            next,
            results,
            current: None,
            buffer: vec![0; BUFFER],
        }
    }

    /// Runs a turn, and sends the results. Returns `false` at the end, or if the receiver is dropped.
    pub(crate) fn turn(&mut self) -> bool {
        let mut batch = Batch::new();
        let mut left = TURN;
        let more = loop {
            if left == 0 {
                break true;
            }
            let mut open = match self.current.take() {
                Some(open) => open,
                None => {
                    left = left.saturating_sub(FILE);
                    let Some((number, found)) = (self.next)() else {
                        break false;
                    };
                    match found.and_then(|path| Open::new(number, path)) {
                        Ok(open) => open,
                        Err(unreadable) => {
                            batch.push((number, Err(unreadable)));
                            continue;
                        }
                    }
                }
            };
            match open.read(&mut self.buffer, &mut left) {
                Ok(true) => {
                    let line = line(&open.path, &open.hash.finalize());
                    batch.push((open.number, Ok(line)));
                }
                Ok(false) => self.current = Some(open),
                Err(error) => {
                    batch.push((open.number, Err(Unreadable::new(open.path, error))));
                }
            }
        };
        self.results.send(batch).is_ok() && more
    }
}

/// A file that is being hashed.
struct Open {
    number: usize,
    path: Path,
    file: File,
    hash: Sha256,
}

impl Open {
    fn new(number: usize, path: Path) -> Outcome<Open> {
        match File::open(&path) {
            Ok(file) => Ok(Open {
                number,
                path,
                file,
                hash: Sha256::new(),
            }),
            Err(error) => Err(Unreadable::new(path, error)),
        }
    }

    /// Continues to read. Returns `true` at the end of the file, or `false` when nothing is `left`.
    fn read(&mut self, buffer: &mut [u8], left: &mut usize) -> io::Result<bool> {
        while *left > 0 {
            match self.file.read(buffer) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    self.hash.update(&buffer[..count]);
                    *left = left.saturating_sub(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_path_that_is_gone_is_reported() {
        let mut paths = [Ok(Path::new("this/was/listed"))].into_iter().enumerate();
        let (sender, receiver) = mpsc::channel();
        let mut job = Job::new(|| paths.next(), sender);
        assert!(!job.turn(), "that was all");
        let batch = receiver.recv().unwrap();
        let [(0, Err(unreadable))] = &batch[..] else {
            panic!("one outcome was expected");
        };
        assert!(unreadable.to_string().starts_with("this/was/listed: "));
    }

    #[test]
    fn a_job_ends_when_nobody_wants_its_results() {
        let (sender, _) = mpsc::channel();
        let gone = || Some((0, Ok(Path::new("this/was/listed"))));
        assert!(!Job::new(gone, sender).turn());
    }
}
