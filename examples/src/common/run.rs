//! The run, Ctrl-C, the exit status.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::process::{self, ExitCode};

use anyrt::{Backend, CancelScope, GroupError};

use crate::messages::Messages;

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

pub(crate) const UNREADABLE: u8 = 1;

pub(crate) const WRONG_USAGE: u8 = 2;

/// Runs what the program does, until it ends or Ctrl-C is pressed, and says what is to be said then.
///
/// `work` fails if the output cannot be written. `summary` tells how far it got.
pub fn run(
    backend: Option<Backend>,
    work: impl Future<Output = Result<(), GroupError<io::Error>>>,
    summary: impl Display,
    messages: &Messages,
) -> ExitCode {
    match try_run(backend, work, summary, messages) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            messages.say(format_args!("{error}"));
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Everything happens in one scope. Ctrl-C cancels it; it ends when the clean-up is done.
fn try_run(
    backend: Option<Backend>,
    work: impl Future<Output = Result<(), GroupError<io::Error>>>,
    summary: impl Display,
    messages: &Messages,
) -> Result<u8, Box<dyn Error>> {
    let scope = CancelScope::new();
    let handle = scope.handle();
    ctrlc::set_handler(move || {
        if handle.cancel_called() {
            // Asked twice: whoever does not want to wait need not.
            process::exit(INTERRUPTED.into());
        }
        handle.cancel_with("interrupted");
    })?;

    let builder = match backend {
        Some(backend) => anyrt::Builder::new().backend(backend),
        None => anyrt::Builder::new(),
    };
    match builder.run(scope.run(work))? {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            for error in error.errors() {
                messages.say(format_args!("cannot write the output: {error}"));
            }
            return Ok(UNREADABLE);
        }
        Err(cancelled) => {
            let reason = cancelled.reason().unwrap_or("stopped");
            messages.say(format_args!("{reason}: {summary}"));
            return Ok(INTERRUPTED);
        }
    }
    match messages.unreadable() {
        0 => return Ok(0),
        1 => messages.say(format_args!("1 path could not be read")),
        count => messages.say(format_args!("{count} paths could not be read")),
    }
    Ok(UNREADABLE)
}
