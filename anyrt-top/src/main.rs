//! `anyrt-top` shows the tasks, groups and scopes of programs that use anyrt, as `htop` shows processes.
//!
//! A program shows itself if it has the feature `monitor` of `anyrt`, and runs with `ANYRT_MONITOR=1` in its
//! environment. `docs/monitor.md` describes the protocol. This program starts no runtime: it has one thread for the
//! connection and one for the terminal.

#[cfg(unix)]
mod program;
#[cfg(not(unix))]
#[path = "unsupported.rs"]
mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::main()
}
