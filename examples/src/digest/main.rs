//! Hashes files with SHA-256, in worker threads: `digest [--backend NAME] [--jobs N] PATH…`.
//!
//! The output is that of `sha256sum`, so `sha256sum -c` accepts it. Read it in this order:
//!
//! | file | what is in it |
//! | --- | --- |
//! | `main` | the run, Ctrl-C, the exit status |
//! | `args` | the command line |
//! | `digest` | the tasks: listing, hashing, writing, showing progress |
//! | `walk`, `hash`, `output` | what worker threads do, a turn at a time |

mod args;
mod digest;
mod hash;
mod output;
mod walk;

use std::process::{self, ExitCode};

use anyrt::CancelScope;

use self::args::{Args, Request};
use self::digest::{Summary, digest};
use self::output::Messages;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

const UNREADABLE: u8 = 1;

const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let messages = Messages::new();
    let args = match args::parse() {
        Ok(Request::Digest(args)) => args,
        Ok(Request::Help) => {
            return match output::print(args::HELP) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::from(UNREADABLE),
            };
        }
        Err(error) => {
            messages.say(format_args!("{error}"));
            messages.say(format_args!("try `digest --help`"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    match run(args, messages) {
        Ok(code) => code,
        Err(error) => {
            messages.say(format_args!("{error}"));
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Everything happens in one scope. Ctrl-C cancels it; it ends when the clean-up is done.
fn run(args: Args, messages: Messages) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let scope = CancelScope::new();
    let handle = scope.handle();
    ctrlc::set_handler(move || {
        if handle.cancel_called() {
            // Asked twice: whoever does not want to wait need not.
            process::exit(INTERRUPTED.into());
        }
        handle.cancel_with("interrupted");
    })?;

    let summary = Summary::default();
    let builder = match args.backend {
        Some(backend) => anyrt::Builder::new().backend(backend),
        None => anyrt::Builder::new(),
    };
    let ended = builder.run(scope.run(digest(args.paths, args.jobs, &summary, messages)))?;

    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            for error in error.errors() {
                messages.say(format_args!("cannot write the output: {error}"));
            }
            return Ok(ExitCode::from(UNREADABLE));
        }
        Err(cancelled) => {
            let reason = cancelled.reason().unwrap_or("stopped");
            messages.say(format_args!("{reason}: {summary}"));
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    match summary.unreadable() {
        0 => Ok(ExitCode::SUCCESS),
        1 => {
            messages.say(format_args!("1 path could not be read"));
            Ok(ExitCode::from(UNREADABLE))
        }
        count => {
            messages.say(format_args!("{count} paths could not be read"));
            Ok(ExitCode::from(UNREADABLE))
        }
    }
}
