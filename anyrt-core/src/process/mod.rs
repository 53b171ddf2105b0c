//! Child processes.
//!
//! | | |
//! | --- | --- |
//! | [`run_process`] | runs a program to its end, feeds it and collects what it writes |
//! | [`with_process`] | lends an open process to a block, and ends it with the block |
//! | [`open_process`] | starts a program, to be handed around |
//!
//! # Files
//!
//! | file | contents |
//! | --- | --- |
//! | `command`, `output` | what is to be started; what came out |
//! | `child` | the end of a child: who waits for it, reaping, signals |
//! | `open`, `pipe` | an open process and its pipes |
//! | `run` | feeding, reading and waiting in one future |
//! | `os` | starting, pipes, and seeing the end, in terms of the operating system |
//!
//! # How a child ends
//!
//! 1. Its end is seen through a descriptor of the process on Linux (`pidfd`), which is a
//!    [`Source`](crate::runtime::Source), and by a thread in `waitid` elsewhere. SIGCHLD is left alone.
//! 2. It is reaped once, under a lock that signals take too, so no signal goes to a number that has a
//!    new owner (rule P13).
//! 3. A process that is dropped is killed at once; a native task that the run waits for reaps it (rule P11).

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
