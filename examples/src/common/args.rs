//! The command line: a backend, a number of jobs, and paths.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyrt::Backend;
use lexopt::{Arg, Parser, ValueExt};

use crate::messages::{Messages, print};
use crate::run::{UNREADABLE, WRONG_USAGE};

/// What the command line says.
#[derive(Debug)]
pub struct Args<P> {
    /// The backend, if one was named.
    pub backend: Option<Backend>,
    /// How many files, or threads, to be busy with at a time.
    pub jobs: NonZeroUsize,
    /// What the program makes of the paths.
    pub paths: P,
}

/// Reads the command line; `check` is given its paths.
///
/// # Errors
///
/// With the exit status, if the program is to end: because the command line is wrong, or because
/// it asks for the `help`, which has been printed then.
pub fn parse<P>(
    help: &str,
    check: impl FnOnce(Vec<PathBuf>) -> Result<P, &'static str>,
    messages: &Messages,
) -> Result<Args<P>, ExitCode> {
    match read(check) {
        Ok(Some(args)) => Ok(args),
        Ok(None) => Err(match print(help) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(UNREADABLE),
        }),
        Err(error) => {
            messages.say(format_args!("{error}"));
            messages.say(format_args!("try `{} --help`", messages.program()));
            Err(ExitCode::from(WRONG_USAGE))
        }
    }
}

/// Gives nothing if help is asked for.
fn read<P>(
    check: impl FnOnce(Vec<PathBuf>) -> Result<P, &'static str>,
) -> Result<Option<Args<P>>, lexopt::Error> {
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
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(path) => paths.push(path.into()),
            unknown => return Err(unknown.unexpected()),
        }
    }
    let paths = check(paths)?;
    Ok(Some(Args {
        backend,
        jobs,
        paths,
    }))
}
