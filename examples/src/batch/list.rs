//! The list of jobs.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Arc, Mutex, PoisonError};

use anyrt::process::Command;
use anyrt::to_thread;

use crate::options::Options;

/// A job to run.
pub(crate) struct Job {
    /// The number, from 1, in the order of the list.
    pub(crate) number: usize,
    pub(crate) line: OsString,
}

impl Job {
    pub(crate) fn command(&self, template: Option<&[OsString]>) -> Command {
        let Some(template) = template else {
            return Command::shell(&self.line);
        };
        let mut words: Vec<_> = template.iter().map(|word| fill(word, &self.line)).collect();
        if !template.iter().any(|word| has_place(word)) {
            words.push(self.line.clone());
        }
        words.into()
    }
}

/// The placeholder for the line.
const PLACE: &[u8] = b"{}";

fn has_place(word: &OsStr) -> bool {
    word.as_bytes()
        .windows(PLACE.len())
        .any(|part| part == PLACE)
}

/// Replaces each `{}` with the line.
fn fill(word: &OsStr, line: &OsStr) -> OsString {
    let (mut rest, mut filled) = (word.as_bytes(), Vec::new());
    while let Some(at) = rest.windows(PLACE.len()).position(|part| part == PLACE) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(line.as_bytes());
        rest = &rest[at + PLACE.len()..];
    }
    filled.extend_from_slice(rest);
    OsString::from_vec(filled)
}

/// The source of jobs. Clones continue where the last one stopped.
#[derive(Clone)]
pub(crate) struct List {
    lines: Arc<Mutex<Lines>>,
    name: Arc<str>,
    /// Set if the list certainly ends, so that the remaining jobs can be counted.
    pub(crate) is_finite: bool,
}

struct Lines {
    input: Input,
    delimiter: u8,
    /// Set if lines are for the shell, which has comments.
    is_script: bool,
    read: usize,
}

impl List {
    /// Opens the list.
    ///
    /// # Errors
    ///
    /// Returns an error with the name of the file, if it does not exist.
    pub(crate) fn open(options: &Options) -> io::Result<List> {
        let name: Arc<str> = match &options.file {
            Some(path) => path.to_string_lossy().into(),
            None => "the standard input".into(),
        };
        let (input, is_finite) = open(options).map_err(|error| in_list(&name, &error))?;
        let lines = Lines {
            input,
            delimiter: options.delimiter,
            is_script: options.template.is_none(),
            read: 0,
        };
        Ok(List {
            lines: Arc::new(Mutex::new(lines)),
            name,
            is_finite,
        })
    }

    /// Returns the next job, or `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// As for [`with_lines`](List::with_lines).
    pub(crate) async fn next(&self) -> io::Result<Option<Job>> {
        self.with_lines(Lines::next).await
    }

    /// Counts the jobs that have not been read.
    pub(crate) async fn count_rest(&self) -> io::Result<usize> {
        let count = |lines: &mut Lines| {
            let mut count = 0;
            while lines.next()?.is_some() {
                count += 1;
            }
            Ok(count)
        };
        self.with_lines(count).await
    }

    /// Reads on a worker thread.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller does not wait for the thread, which may read standard input without end.
    async fn with_lines<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Lines) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let lines = self.lines.clone();
        let read = move || read(&mut lines.lock().unwrap_or_else(PoisonError::into_inner));
        let read = to_thread::Options::new().abandon_on_cancel().run(read);
        read.await.map_err(|error| in_list(&self.name, &error))
    }
}

type Input = Box<dyn BufRead + Send>;

/// Opens the list. Returns it, and whether it is a file, which ends.
fn open(options: &Options) -> io::Result<(Input, bool)> {
    let Some(path) = &options.file else {
        return Ok((Box::new(BufReader::new(io::stdin())), false));
    };
    let file = File::open(path)?;
    let is_file = file.metadata()?.is_file();
    Ok((Box::new(BufReader::new(file)), is_file))
}

fn in_list(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<Job>> {
        loop {
            let mut line = Vec::new();
            if self.input.read_until(self.delimiter, &mut line)? == 0 {
                return Ok(None);
            }
            if line.last() == Some(&self.delimiter) {
                line.pop();
            }
            let text = line.trim_ascii_start();
            if text.is_empty() || self.is_script && text[0] == b'#' {
                continue;
            }
            self.read += 1;
            return Ok(Some(Job {
                number: self.read,
                line: OsString::from_vec(line),
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled() {
        let fill = |word: &str| fill(word.as_ref(), "a b".as_ref());
        assert_eq!(fill("{}"), "a b");
        assert_eq!(fill("-o{}.{}"), "-oa b.a b");
        assert_eq!(fill("plain"), "plain");
        assert_eq!(fill("{{}}"), "{a b}");
    }

    #[test]
    fn blank_lines_and_comments_are_no_jobs() {
        let jobs = |is_script| {
            let mut lines = Lines {
                input: Box::new(&b"one\n\n  # two\n three"[..]),
                delimiter: b'\n',
                is_script,
                read: 0,
            };
            let jobs = std::iter::from_fn(|| lines.next().unwrap());
            jobs.map(|job| (job.number, job.line)).collect::<Vec<_>>()
        };
        assert_eq!(jobs(true), [(1, "one".into()), (2, " three".into())]);
        assert_eq!(jobs(false).len(), 3);
    }
}
