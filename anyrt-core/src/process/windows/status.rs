//! The text of an exit status.

use std::fmt;
use std::process::ExitStatus;

/// Writes how a program has ended: its code, which is hexadecimal if it is one of the system's, as after a crash.
pub(in crate::process) fn write_status(
    status: ExitStatus,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match status.code() {
        Some(code @ 0..) => write!(f, "exit status {code}"),
        Some(code) => write!(f, "exit status {code:#010X}"),
        None => write!(f, "{status}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::process::{Failed, Output};
    use std::os::windows::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn failed(status: u32, stderr: &str) -> String {
        let output = Output {
            status: ExitStatus::from_raw(status),
            stdout: None,
            stderr: Some(stderr.into()),
            complete: true,
        };
        Failed::new("tool".into(), output).to_string()
    }

    #[test]
    fn failures_are_one_line() {
        assert_eq!(failed(3, ""), "tool: exit status 3");
        assert_eq!(failed(0xC000_013A, "\n"), "tool: exit status 0xC000013A");
        assert_eq!(failed(1, "first\r\nlast\r\n"), "tool: exit status 1: last");
    }
}
