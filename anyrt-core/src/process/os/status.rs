//! The text of an exit status.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::signals::Signal;

/// Writes how a program has ended.
pub(in crate::process) fn write_status(
    status: ExitStatus,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match (status.code(), status.signal()) {
        (Some(code), _) => write!(f, "exit status {code}"),
        (None, Some(number)) => {
            write!(f, "killed by signal {number}")?;
            match Signal::from_raw(number) {
                Some(signal) => write!(f, " ({signal})"),
                None => Ok(()),
            }
        }
        (None, None) => write!(f, "{status}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::process::{Failed, Output};
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn failed(status: i32, stderr: &str) -> String {
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
        assert_eq!(failed(3 << 8, ""), "tool: exit status 3");
        assert_eq!(failed(9, "\n"), "tool: killed by signal 9 (SIGKILL)");
        assert_eq!(failed(1 << 8, "first\nlast\n"), "tool: exit status 1: last");
    }
}
