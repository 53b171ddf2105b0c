//! The command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyrt::Backend;
use anyrt_examples::{at_least_one, seconds};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
Runs commands, so many at a time, and leaves no process behind.

Usage: batch [OPTION]... [FILE] [-- PROGRAM [ARGUMENT]...]

FILE has a command in each line, which /bin/sh runs; without FILE, or with -, standard input has them.
Empty lines and those that begin with # are passed over. The list is read as it is needed, and may be
endless.

After -- is a template: the program is run for each line that is not empty, without a shell, with the line
in place of every {} in its arguments, or as the last argument if there is none.

Each job runs in a process group of its own, without input. When its process ends, what is left of the group
is killed. Its output is printed when it has ended, so jobs do not mix.

Options:
  -j, --jobs N         how many run at a time; by default one for each processor
  -t, --timeout SECS   how long an attempt may take: then its group gets SIGTERM, and after the grace
                       SIGKILL
  -g, --grace SECS     how long a job that has to end may take for it; by default 5
  -r, --retries N      how often a job that fails is tried again, after 1, 2, 4, and so on up to 30 s, in
                       which others run; by default 0
      --halt           stop at the first job that fails for good
      --logs DIR       write the output to DIR/0007.1.log (job, attempt) instead of printing it
      --json FILE      write what has become of each job to FILE
  -0, --null           what ends a line is a NUL byte
  -b, --backend NAME   tokio, smol or async-std; by default the one that the environment variable
                       ANYRT_BACKEND names, else tokio
  -h, --help           this text

Ctrl-C, SIGTERM and SIGHUP start no more jobs, and end the others as a timeout does. The second of them kills
them at once.

Exit status: 0 if every job succeeded, 1 if not, 2 for a wrong command line, and after a signal what a shell
reports for it: 130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP).
";

/// The options of the command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) backend: Option<Backend>,
    pub(crate) jobs: NonZeroUsize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) retries: u32,
    pub(crate) halt: bool,
    pub(crate) logs: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    /// The byte that ends a line of the list.
    pub(crate) delimiter: u8,
    /// The file with the list, or `None` for standard input.
    pub(crate) file: Option<PathBuf>,
    /// A program and its arguments. Without them, lines are commands for the shell.
    pub(crate) template: Option<Vec<OsString>>,
}

impl Options {
    /// Reads the command line. Returns `None` if help is requested.
    pub(crate) fn read(mut parser: Parser) -> Result<Option<Options>, lexopt::Error> {
        let mut words: Vec<OsString> = parser.raw_args()?.collect();
        let template = match words.iter().position(|word| word == "--") {
            Some(end) => {
                let template = words.split_off(end + 1);
                words.pop();
                if template.is_empty() {
                    return Err("there is no program after --".into());
                }
                Some(template)
            }
            None => None,
        };
        let mut options = Options {
            backend: None,
            jobs: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            timeout: None,
            grace: Duration::from_secs(5),
            retries: 0,
            halt: false,
            logs: None,
            json: None,
            delimiter: b'\n',
            file: None,
            template,
        };
        let mut files = 0;
        let mut parser = Parser::from_args(words);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Short('b') | Arg::Long("backend") => {
                    options.backend = Some(parser.value()?.parse()?);
                }
                Arg::Short('j') | Arg::Long("jobs") => {
                    options.jobs = at_least_one(&parser.value()?, "job")?;
                }
                Arg::Short('t') | Arg::Long("timeout") => {
                    options.timeout = Some(seconds(&parser.value()?)?);
                }
                Arg::Short('g') | Arg::Long("grace") => {
                    options.grace = seconds(&parser.value()?)?;
                }
                Arg::Short('r') | Arg::Long("retries") => {
                    options.retries = parser.value()?.parse()?;
                }
                Arg::Long("halt") => options.halt = true,
                Arg::Long("logs") => options.logs = Some(parser.value()?.into()),
                Arg::Long("json") => options.json = Some(parser.value()?.into()),
                Arg::Short('0') | Arg::Long("null") => options.delimiter = 0,
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                Arg::Value(file) => {
                    files += 1;
                    options.file = (file != "-").then(|| file.into());
                }
                unknown => return Err(unknown.unexpected()),
            }
        }
        if files > 1 {
            return Err("there may be only one FILE".into());
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_template_may_have_options() {
        let options = read(&["-j", "4", "list", "--", "tar", "-j", "{}"]);
        let options = options.unwrap().unwrap();
        assert_eq!(options.jobs.get(), 4);
        assert_eq!(options.file, Some("list".into()));
        let template = ["tar", "-j", "{}"].map(OsString::from);
        assert_eq!(options.template, Some(template.into()));
    }

    #[test]
    fn mistakes_are_named() {
        for (words, message) in [
            (&["--"][..], "no program after --"),
            (&["a", "b"], "only one FILE"),
            (&["-j", "0"], "at least 1 job"),
            (&["--grace", "x"], "not a number of seconds"),
            (&["--halted"], "--halted"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(message), "{words:?}: {error}");
        }
    }
}
