//! [`WorkerError`].

use std::fmt;
use std::io;
use std::process::ExitStatus;

use super::codec::CodecError;

/// The error of a call of a function in a worker process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The worker process ended while it ran the function: by `exit`, an abort or a signal. The status is
    /// missing if other code has waited for the process. The next call gets another worker.
    #[error("the worker process ended while it ran the function ({})", Shown(.0))]
    Broken(Option<ExitStatus>),
    /// This program does not start with a call of `serve`, so no worker was started.
    #[error(
        "worker processes are not set up: make `anyrt::to_process::serve();` the first line of `fn main`, or \
         use `#[anyrt::main]`, and in tests `#[anyrt::test]`"
    )]
    NotSetUp,
    /// The function with this type is not marked as a function for workers.
    #[error("`{0}` cannot run in a worker process: mark the function with `#[anyrt::process_fn]`")]
    NotRegistered(&'static str),
    /// The argument could not be sent to the worker.
    #[error("the argument cannot be sent to a worker process: {0}")]
    Argument(#[source] CodecError),
    /// The result could not be sent back.
    // Not `Result`, since the compiler would then write `std::result::Result` in all its messages.
    #[error("the result cannot be sent back from a worker process: {0}")]
    ReturnValue(#[source] CodecError),
    /// No worker could be started.
    #[error("cannot start a worker process: {0}")]
    Start(#[source] io::Error),
}

/// A status, if it is known.
struct Shown<'a>(&'a Option<ExitStatus>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.fmt(f),
            None => f.write_str("its status is not known"),
        }
    }
}
