//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use super::table::{Sort, View};

/// The text of `--help`.
pub(super) const HELP: &str = "\
anyrt-top: shows the tasks, groups and scopes of a program that uses anyrt

usage: anyrt-top [OPTIONS] [PID | PATH | ADDRESS]

Without a program, it lists those that can be shown. These have the feature `monitor` of anyrt,
and were started with ANYRT_MONITOR=1 in their environment, or call `anyrt::task::serve_monitor`.

  PID               a process of this user
  PATH              a Unix socket, with a `/` in it
  ADDRESS           a TCP address, such as 127.0.0.1:7000

options:
  --once            prints the tree as text, and ends
  --flat            shows a list of tasks instead of a tree
  --sort COLUMN     sorts by id, name, state, polls, idle, age or left
  --filter TEXT     shows what has the text in its name, wait or cancellation
  --help            prints this

keys:
  arrows, PageUp, PageDown, Home, End    move
  /                 enters a filter; Enter keeps it, Esc removes it
  s                 sorts by the next column
  t                 switches between tree and list
  q                 ends

columns:
  ID       the number of the task, unique in its process
  STATE    waiting; ready (has its turn); polled (by a thread, at that moment)
  POLLS    how often it was polled
  IDLE     how long this program has seen it without a poll
  AGE      how long this program has seen it
  LEFT     the time until the deadline of the group or scope
";

/// The program to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Process(u32),
    Path(PathBuf),
    Address(SocketAddr),
}

/// The options of the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) target: Option<Target>,
    pub(super) once: bool,
    pub(super) help: bool,
    pub(super) view: View,
}

impl Options {
    pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Options, String> {
        Options::read(arguments).map_err(|error| format!("{error}: see --help"))
    }

    fn read(arguments: impl Iterator<Item = OsString>) -> Result<Options, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let mut options = Options::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => options.help = true,
                Arg::Long("once") => options.once = true,
                Arg::Long("flat") => options.view.flat = true,
                Arg::Long("sort") => {
                    let name = parser.value()?.string()?;
                    let sort = Sort::named(&name);
                    options.view.sort = sort.ok_or_else(|| {
                        lexopt::Error::from(format!("`{name}` is not a column to sort by"))
                    })?;
                }
                Arg::Long("filter") => options.view.filter = parser.value()?.string()?,
                Arg::Value(value) if options.target.is_none() => {
                    options.target = Some(target(value)?);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(options)
    }
}

fn target(value: OsString) -> Result<Target, lexopt::Error> {
    let Some(text) = value.to_str() else {
        return Ok(Target::Path(value.into()));
    };
    if let Ok(process) = text.parse() {
        Ok(Target::Process(process))
    } else if text.contains('/') {
        Ok(Target::Path(value.into()))
    } else if let Ok(address) = text.parse() {
        Ok(Target::Address(address))
    } else {
        let why = format!("`{text}` is neither a process id, a path with a `/`, nor an address");
        Err(why.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Target};
    use crate::program::table::Sort;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn options_are_read() {
        let options = parse("--once --sort polls --filter a --flat 12").unwrap();
        assert_eq!(options.target, Some(Target::Process(12)));
        assert!(options.once && options.view.flat);
        assert_eq!(options.view.sort, Sort::Polls);
        assert_eq!(options.view.filter, "a");
        assert_eq!(
            parse("./x").unwrap().target,
            Some(Target::Path("./x".into()))
        );
        let address = Target::Address("127.0.0.1:7000".parse().unwrap());
        assert_eq!(parse("127.0.0.1:7000").unwrap().target, Some(address));
        assert_eq!(parse("").unwrap(), Options::default());
    }

    #[test]
    fn mistakes_name_the_remedy() {
        for (line, text) in [
            ("--two", "--two"),
            ("--sort size 1", "`size` is not a column"),
            ("abc", "neither a process id"),
            ("1 2", "unexpected"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(text) && error.contains("--help"), "{error}");
        }
    }
}
