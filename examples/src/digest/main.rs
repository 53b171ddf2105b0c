//! Hashes files with SHA-256, in worker threads: `digest [--backend NAME] [--jobs N] PATH…`.
//!
//! The output is that of `sha256sum`, so `sha256sum -c` accepts it. Read the files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `main` | the command line |
//! | `digest` | the tasks: listing, hashing, writing, showing progress |
//! | `hash`, `output` | the work on worker threads, in short turns |
//!
//! The parts that it shares with the other programs are in `common`: above all the run, Ctrl-C and the
//! exit status.

mod digest;
mod hash;
mod output;

use std::process::ExitCode;

use anyrt_examples::Messages;

use self::digest::{Summary, digest};

const HELP: &str = "\
Hashes files with SHA-256, and prints what `sha256sum` would.

Usage: digest [--backend NAME] [--jobs N] PATH...

A PATH that is a directory stands for every regular file below it, sorted by path.
Symbolic links are followed where they are given, and not below.

Options:
  -b, --backend NAME  tokio, smol or async-std; by default the one that the environment
                      variable ANYRT_BACKEND names, else tokio
  -j, --jobs N        how many files to read at a time; by default one for each processor
  -h, --help          this text

Exit status: 0 if everything was read, 1 if not, 2 for a wrong command line, 130 after Ctrl-C.
";

fn main() -> ExitCode {
    let messages = Messages::new("digest");
    let check = |paths: Vec<_>| match paths.is_empty() {
        false => Ok(paths),
        true => Err("no PATH was given"),
    };
    let args = match anyrt_examples::parse(HELP, check, &messages) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let summary = Summary::default();
    let work = digest(args.paths, args.jobs, &summary, &messages);
    anyrt_examples::run(args.backend, work, &summary, &messages)
}
