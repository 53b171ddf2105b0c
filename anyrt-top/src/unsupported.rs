//! Systems without Unix sockets.

use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    eprintln!("anyrt-top: monitors need a Unix system");
    ExitCode::FAILURE
}
