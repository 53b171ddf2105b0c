//! Printing: results to standard output, in order, and everything else to standard error.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::Receiver;

use anyrt_examples::{Messages, Outcome};

use crate::digest::Summary;
use crate::hash::Batch;

/// Returns a line as `sha256sum` prints it. A name that would break the line is escaped; any other is
/// unchanged, byte for byte.
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

/// Prints results in the order of their numbers, until all senders are dropped.
///
/// # Errors
///
/// Returns the error of writing to standard output.
pub(crate) fn write(
    results: &Receiver<Batch>,
    summary: &Summary,
    messages: &Messages,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    let print = |outcome: Outcome<Vec<u8>>, out: &mut BufWriter<_>| {
        match outcome {
            Ok(line) => out.write_all(&line)?,
            Err(unreadable) => messages.report(&unreadable),
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
