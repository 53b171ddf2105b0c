//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use anyrt::Backend;
use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
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

pub(crate) enum Request {
    Digest(Args),
    Help,
}

pub(crate) struct Args {
    pub(crate) backend: Option<Backend>,
    pub(crate) jobs: NonZeroUsize,
    pub(crate) paths: Vec<PathBuf>,
}

pub(crate) fn parse() -> Result<Request, lexopt::Error> {
    let mut backend = None;
    let mut jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut paths = Vec::new();
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('j') | Arg::Long("jobs") => {
                jobs = parser.value()?.parse_with(|text| {
                    let jobs: usize = text.parse().map_err(|_| "not a number".to_owned())?;
                    NonZeroUsize::new(jobs).ok_or_else(|| "there must be at least 1 job".to_owned())
                })?;
            }
            Arg::Short('h') | Arg::Long("help") => return Ok(Request::Help),
            Arg::Value(path) => paths.push(path.into()),
            unknown => return Err(unknown.unexpected()),
        }
    }
    if paths.is_empty() {
        return Err("no PATH was given".into());
    }
    Ok(Request::Digest(Args {
        backend,
        jobs,
        paths,
    }))
}
