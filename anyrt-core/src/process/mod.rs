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
//! | `start` | starting a program, as far as that is the same on all systems |
//! | `child`, `exit`, `numbers` | the end of a child: waiting, reaping, signals |
//! | `open`, `pipe`, `pipe_end`, `memory_end` | an open process and its pipes |
//! | `run` | feeding, reading and waiting in one future |
//! | `os`, `windows` | for Unix and for Windows: starting, pipes, detecting the end, options that the other lacks |
//! | `program` | programs that the runtime runs itself |
//!
//! # How a child ends
//!
//! 1. It is started by a call on a worker thread, which registers it with the reactor before it returns. The
//!    value of the call kills and reaps the child wherever it is dropped (rule [P12](crate::rules#p12)).
//! 2. On Linux its end is detected through a descriptor of the process (`pidfd`), which is a
//!    [`Source`](crate::runtime::Source); on other systems, or if the system has no such descriptor, by a
//!    thread in `waitid`. SIGCHLD is not touched.
//! 3. It is reaped once, under a lock that signals take too, so a signal is never sent to a number that has a new
//!    owner (rule [P13](crate::rules#p13)).
//! 4. A dropped process is killed at once; a native task that the run waits for reaps it (rule
//!    [P11](crate::rules#p11)). If that task cannot run, the destructor waits, for a second at most. A cancelled
//!    call kills and reaps in a shielded clean-up (rule [P9](crate::rules#p9)).
//!
//! # Windows
//!
//! A thread waits for the end of a child, and threads copy the bytes of its pipes, because a reactor waits for
//! neither. A group is a job object that the system closes, and kills, when this process ends. Signals other than
//! killing do not exist, nor do sessions, user ids and the umask. `windows/mod.rs` has the details.
//!
//! # Programs of the runtime
//!
//! A runtime that simulates has a [`ProgramHost`](crate::runtime::ProgramHost). Then no process of the operating
//! system is started: the pipes are streams in memory, the host sets the status, and it gets the signals.
//! Everything above holds, except that nothing has to be reaped.
//!
//! # Session and umask
//!
//! Without `unsafe`, a program cannot change its session or umask between fork and exec. `process-wrap` sets the
//! session. `/bin/sh` sets the umask, after the program was looked up, because the shell reports a missing
//! program as an exit status (rule [P22](crate::rules#p22)).

mod child;
mod command;
mod exit;
mod memory_end;
mod numbers;
mod open;
#[cfg(unix)]
mod os;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod os;
mod output;
mod pipe;
mod pipe_end;
mod program;
mod run;
mod start;

pub use self::command::{Command, Stdio};
pub use self::open::{Process, open_process, with_process};
pub use self::output::{Failed, Output, ProcessError};
pub use self::pipe::{PipeReader, PipeWriter};
pub use self::run::run_process;
