//! Counts the words of all text files in a tree: `pipeline [--backend NAME] [--jobs N] DIR`.
//!
//! The output is that of `sort | uniq -c`; the guide has a command that produces the same. Read the
//! files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `main` | the command line |
//! | `pipeline` | the tasks, and the streams between them |
//! | `read`, `count`, `totals` | the work on worker threads, in short turns |
//!
//! The parts that it shares with the other programs are in `common`: above all the run, Ctrl-C and the
//! exit status.

mod count;
mod pipeline;
mod read;
mod totals;

use std::path::PathBuf;
use std::process::ExitCode;

use anyrt_examples::Messages;

use self::pipeline::{Summary, pipeline};

const HELP: &str = "\
Counts the words of all text files in a tree, and prints the 20 most frequent.

Usage: pipeline [--backend NAME] [--jobs N] DIR

A word is as many ASCII letters in a row as there are, in lower case. A text file is a regular file
without a NUL byte. The output is that of `uniq -c`, most frequent first, then by word.
A symbolic link is followed where it is given, and not below.

Memory is needed for every different word, and twice for the longest; not for files or the tree.

Options:
  -b, --backend NAME  tokio, smol or async-std; by default the one that the environment
                      variable ANYRT_BACKEND names, else tokio
  -j, --jobs N        how many worker threads are busy at a time, 256 at most; by default one
                      for each processor
  -h, --help          this text

Exit status: 0 if everything was read, 1 if not, 2 for a wrong command line, 130 after Ctrl-C.
";

fn main() -> ExitCode {
    let messages = Messages::new("pipeline");
    let args = match anyrt_examples::parse(HELP, only_one, &messages) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let summary = Summary::default();
    let work = pipeline(args.paths, args.jobs, &summary, &messages);
    anyrt_examples::run(args.backend, work, &summary, &messages)
}

fn only_one(paths: Vec<PathBuf>) -> Result<PathBuf, &'static str> {
    let mut paths = paths.into_iter();
    match (paths.next(), paths.next()) {
        (Some(path), None) => Ok(path),
        (None, _) => Err("no DIR was given"),
        (Some(_), Some(_)) => Err("more than one DIR was given"),
    }
}
