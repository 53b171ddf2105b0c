//! Printing: results to standard output, in order, and everything else to standard error.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use crate::digest::Summary;
use crate::hash::Batch;

/// Something about a file, or why there is none.
pub(crate) type Outcome<T> = Result<T, Unreadable>;

/// A path that could not be read.
pub(crate) struct Unreadable {
    path: PathBuf,
    error: io::Error,
}

impl Unreadable {
    pub(crate) fn new(path: PathBuf, error: io::Error) -> Unreadable {
        Unreadable { path, error }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)
    }
}

/// A line as `sha256sum` prints it: a name that would break it is escaped, and any other stands
/// there byte for byte.
pub(crate) fn line(path: &Path, hash: &[u8]) -> Vec<u8> {
    let name = path.as_os_str().as_encoded_bytes();
    let mut line = Vec::with_capacity(2 * hash.len() + name.len() + 3);
    if name.iter().any(|byte| escape(*byte).is_some()) {
        line.push(b'\\');
    }
    for byte in hash {
        line.extend(format!("{byte:02x}").as_bytes());
    }
    line.extend(b"  ");
    for byte in name {
        match escape(*byte) {
            Some(escaped) => line.extend(escaped),
            None => line.push(*byte),
        }
    }
    line.push(b'\n');
    line
}

fn escape(byte: u8) -> Option<&'static [u8; 2]> {
    match byte {
        b'\\' => Some(br"\\"),
        b'\n' => Some(br"\n"),
        b'\r' => Some(br"\r"),
        _ => None,
    }
}

/// Prints results in the order of their numbers, until nobody can send any more.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn write(
    results: &Receiver<Batch>,
    summary: &Summary,
    messages: Messages,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    let print = |outcome: Outcome<Vec<u8>>, out: &mut BufWriter<_>| {
        match outcome {
            Ok(line) => out.write_all(&line)?,
            Err(unreadable) => {
                messages.say(format_args!("{unreadable}"));
                summary.count_unreadable();
            }
        }
        summary.count_done();
        io::Result::Ok(())
    };
    for batch in results {
        waiting.extend(batch);
        while let Some(outcome) = waiting.remove(&next) {
            print(outcome, &mut out)?;
            next += 1;
        }
    }
    // There are gaps only if hashing was cancelled.
    for outcome in waiting.into_values() {
        print(outcome, &mut out)?;
    }
    out.flush()
}

/// Prints a text to standard output.
///
/// # Errors
///
/// If standard output cannot be written.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Standard error: messages, and on a terminal the progress below them. That it cannot be written
/// is nothing that could be said anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Messages {
    to_terminal: bool,
}

/// Back to the start of the line, and clear it.
const CLEAR: &str = "\r\x1b[K";

impl Messages {
    pub(crate) fn new() -> Messages {
        Messages {
            to_terminal: io::stderr().is_terminal(),
        }
    }

    pub(crate) fn to_terminal(self) -> bool {
        self.to_terminal
    }

    pub(crate) fn say(self, message: fmt::Arguments<'_>) {
        let clear = if self.to_terminal { CLEAR } else { "" };
        let _ = writeln!(io::stderr().lock(), "{clear}digest: {message}");
    }

    pub(crate) fn show_progress(self, summary: &Summary) {
        let _ = write!(io::stderr().lock(), "{CLEAR}{summary}");
    }

    pub(crate) fn clear_progress(self) {
        let _ = write!(io::stderr().lock(), "{CLEAR}");
    }
}
