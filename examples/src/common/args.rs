//! The command line: its options, and the messages for wrong ones.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyrt::Backend;
use lexopt::{Arg, Parser, ValueExt};

use crate::messages::{Messages, print};
use crate::run::{UNREADABLE, WRONG_USAGE};

/// The command line of a program that reads files.
#[derive(Debug)]
pub struct Args<P> {
    /// The backend, if it is given.
    pub backend: Option<Backend>,
    /// The number of files, or threads, to work on at a time.
    pub jobs: NonZeroUsize,
    /// The paths, as `check` returned them.
    pub paths: P,
}

/// Reads the command line of a program that reads files. `check` is called with its paths.
///
/// # Errors
///
/// As for [`command_line`].
pub fn parse<P>(
    help: &str,
    check: impl FnOnce(Vec<PathBuf>) -> Result<P, &'static str>,
    messages: &Messages,
) -> Result<Args<P>, ExitCode> {
    command_line(help, |parser| read(parser, check), messages)
}

/// Reads the command line with `read`, which returns `None` if help is requested.
///
/// # Errors
///
/// Returns the exit status if the program must end: because the command line is wrong, or because help
/// is requested. Then `help` has been printed.
pub fn command_line<A>(
    help: &str,
    read: impl FnOnce(Parser) -> Result<Option<A>, lexopt::Error>,
    messages: &Messages,
) -> Result<A, ExitCode> {
    match read(Parser::from_env()) {
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

fn read<P>(
    mut parser: Parser,
    check: impl FnOnce(Vec<PathBuf>) -> Result<P, &'static str>,
) -> Result<Option<Args<P>>, lexopt::Error> {
    let mut backend = None;
    let mut jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut paths = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('j') | Arg::Long("jobs") => {
                jobs = at_least_one(&parser.value()?, "job")?;
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

/// Parses a number of things, which must be at least one.
///
/// # Errors
///
/// Returns a message if the value is not such a number.
pub fn at_least_one(value: &OsString, thing: &str) -> Result<NonZeroUsize, lexopt::Error> {
    value.parse_with(|text| {
        let number: usize = text.parse().map_err(|_| "not a number".to_owned())?;
        NonZeroUsize::new(number).ok_or_else(|| format!("there must be at least 1 {thing}"))
    })
}

/// 31 years. Clocks overflow when much more is added to them, and not all of them report it.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// Parses a length of time in seconds, with or without a fraction.
///
/// # Errors
///
/// Returns a message if the value is not a length of time.
pub fn seconds(value: &OsString) -> Result<Duration, lexopt::Error> {
    value.parse_with(|text| {
        let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(length) if length <= LONGEST => Ok(length),
            Ok(_) => Err("too long: 1000000000 seconds are the most"),
            Err(_) => Err("not a length of time"),
        }
    })
}

/// Parses an address to listen at.
///
/// # Errors
///
/// Returns a message if the value is not an address.
pub fn address(value: &OsString) -> Result<SocketAddr, lexopt::Error> {
    value.parse_with(|text| {
        text.parse()
            .map_err(|_| "not an address with a port, such as 127.0.0.1:8000 or [::1]:8000")
    })
}
