//! Child processes.
//!
//! | | |
//! | --- | --- |
//! | [`run_process`] | runs a program to its end, feeds it and collects its output |
//! | [`with_process`] | passes an open process to a block, and ends it with the block |
//! | [`open_process`] | starts a program, and returns its process |
//!
//! # Files
//!
//! | file | contents |
//! | --- | --- |
//! | `command`, `output` | the program to start; its output |
//! | `child` | the end of a child: waiting, reaping, signals |
//! | `open`, `pipe` | an open process and its pipes |
//! | `run` | feeding, reading and waiting in one future |
//! | `os` | the system calls for starting, pipes, and detecting the end |
//!
//! # How a child ends
//!
//! 1. On Linux its end is detected through a descriptor of the process (`pidfd`), which is a
//!    [`Source`](crate::runtime::Source); elsewhere by a thread in `waitid`. SIGCHLD is not touched.
//! 2. It is reaped once, under a lock that signals take too, so a signal is never sent to a number that has a
//!    new owner (rule P13).
//! 3. A dropped process is killed at once; a native task that the run waits for reaps it (rule P11).

mod child;
mod command;
mod open;
mod os;
mod output;
mod pipe;
mod run;

pub use self::command::{Command, Stdio};
pub use self::open::{Process, open_process, with_process};
pub use self::output::{Failed, Output, ProcessError};
pub use self::pipe::{PipeReader, PipeWriter};
pub use self::run::run_process;
