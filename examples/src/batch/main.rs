//! Runs commands, so many at a time: `batch [OPTION]... [FILE] [-- PROGRAM ARGUMENT...]`.
//!
//! Read it in this order:
//!
//! | file | what is in it |
//! | --- | --- |
//! | `options` | the command line |
//! | `run` | the signals, and how the program ends |
//! | `batch` | the tasks: one for each job, whose attempts take turns |
//! | `attempt` | one process, its time limit, and where its output goes |
//! | `list` | the jobs, read when there is room for them |
//! | `report` | what has become of the jobs, also as JSON |
//! | `screen` | the terminal: messages, output and the live view |
//!
//! What it shares with the other programs is in `common`.

mod attempt;
mod batch;
mod list;
mod options;
mod report;
mod run;
mod screen;

use std::process::ExitCode;

use anyrt_examples::{Messages, command_line};

use self::options::{HELP, Options};

fn main() -> ExitCode {
    let messages = Messages::new("batch");
    match command_line(HELP, Options::read, &messages) {
        Ok(options) => run::run(options, messages),
        Err(code) => code,
    }
}
