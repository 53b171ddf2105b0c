//! Runs commands, with a limited concurrency: `batch [OPTION]... [FILE] [-- PROGRAM ARGUMENT...]`.
//!
//! Read the files in this order:
//!
//! | file | contents |
//! | --- | --- |
//! | `options` | the command line |
//! | `run` | the signals, and how the program ends |
//! | `batch` | the tasks: one for each job, which makes its attempts in turn |
//! | `attempt` | one process, its time limit, and the files for its output |
//! | `list` | the jobs, which are read when a slot is free |
//! | `report` | the results of the jobs, also as JSON |
//! | `screen` | the terminal: messages, output and the live view |
//!
//! The parts that it shares with the other programs are in `common`.

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
