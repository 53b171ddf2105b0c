//! The run, Ctrl-C and SIGTERM, and the exit status.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use anyrt::sync::Event;
use anyrt::{Backend, Builder, CancelScope, GroupError};

use crate::interrupt::Interrupts;
use crate::messages::Messages;

/// The exit status that a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// The exit status if something was not done and the reason was reported.
pub(crate) const UNREADABLE: u8 = 1;

pub(crate) const WRONG_USAGE: u8 = 2;

/// Runs the work of the program until it ends or Ctrl-C is pressed, and reports the result.
///
/// `work` fails if the output cannot be written. `summary` is the progress at the end.
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

/// Runs everything in one scope. Ctrl-C cancels the scope; it ends when the clean-up has ended.
fn try_run(
    backend: Option<Backend>,
    work: impl Future<Output = Result<(), GroupError<io::Error>>>,
    summary: impl Display,
    messages: &Messages,
) -> Result<u8, Box<dyn Error>> {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let outcome = builder(backend).run(async {
        let interrupt = Interrupts::new()?.on_first(|| handle.cancel_with("interrupted"));
        anyrt::race((interrupt, async { Ok(scope.run(work).await) })).await
    })?;
    match outcome? {
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

/// Runs a service until it ends by itself, or is signalled to stop and has finished.
///
/// Ctrl-C and SIGTERM set the event that is passed to `service`; the second one ends the program at
/// once. The service writes its own messages, and returns the exit status.
pub fn run_service<F>(
    backend: Option<Backend>,
    service: impl FnOnce(Arc<Event>) -> F,
    messages: &Messages,
) -> ExitCode
where
    F: Future<Output = io::Result<ExitCode>>,
{
    match try_run_service(backend, service) {
        Ok(code) => code,
        Err(error) => {
            messages.say(format_args!("{error}"));
            ExitCode::FAILURE
        }
    }
}

fn try_run_service<F>(
    backend: Option<Backend>,
    service: impl FnOnce(Arc<Event>) -> F,
) -> Result<ExitCode, Box<dyn Error>>
where
    F: Future<Output = io::Result<ExitCode>>,
{
    let stop = Arc::new(Event::new());
    let told = stop.clone();
    let code = builder(backend).run(async {
        let listen = Interrupts::new()?.on_first(|| told.set());
        anyrt::race((listen, service(stop))).await
    })?;
    Ok(code?)
}

fn builder(backend: Option<Backend>) -> Builder {
    match backend {
        Some(backend) => Builder::new().backend(backend),
        None => Builder::new(),
    }
}
