//! The output of programs, and the errors of running them.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitStatus;

use thiserror::Error as ThisError;

use super::os::write_status;

/// The output of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The exit status.
    pub status: ExitStatus,
    /// The standard output; `None` if it was not a pipe.
    pub stdout: Option<Vec<u8>>,
    /// The standard error; `None` if it was not a separate pipe.
    pub stderr: Option<Vec<u8>>,
    /// Whether the output is complete: false if a limit of length or of time truncated it.
    pub complete: bool,
}

/// The error of [`run_process`](super::run_process).
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ProcessError {
    /// The program could not be started, fed, read or waited for.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The program was not successful.
    #[error(transparent)]
    Failed(Box<Failed>),
}

impl ProcessError {
    /// Returns the output of a program that was not successful.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let error = run_process(Command::shell("echo halfway; exit 4")).await.unwrap_err();
    /// assert_eq!(error.output().unwrap().stdout.as_deref(), Some(&b"halfway\n"[..]));
    /// # });
    /// ```
    pub fn output(&self) -> Option<&Output> {
        match self {
            ProcessError::Failed(failed) => Some(&failed.output),
            ProcessError::Io(_) => None,
        }
    }
}

/// A program that ended without success.
///
/// `Display` writes one line: the program, its status, and the last line that it wrote to its standard
/// error.
#[derive(Debug)]
pub struct Failed {
    program: OsString,
    output: Output,
}

impl Failed {
    pub(super) fn new(program: OsString, output: Output) -> Failed {
        Failed { program, output }
    }

    /// Returns the program, as it was passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{ProcessError, run_process};
    ///
    /// # anyrt::run(async {
    /// let Err(ProcessError::Failed(failed)) = run_process(["false"]).await else { panic!() };
    /// assert_eq!(failed.program(), "false");
    /// # });
    /// ```
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Returns the exit status.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{ProcessError, run_process};
    ///
    /// # anyrt::run(async {
    /// let Err(ProcessError::Failed(failed)) = run_process(["false"]).await else { panic!() };
    /// assert_eq!(failed.status().code(), Some(1));
    /// # });
    /// ```
    pub fn status(&self) -> ExitStatus {
        self.output.status
    }

    /// Returns the output.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{ProcessError, run_process};
    ///
    /// # anyrt::run(async {
    /// let Err(ProcessError::Failed(failed)) = run_process(["false"]).await else { panic!() };
    /// assert_eq!(failed.output().stdout.as_deref(), Some(&b""[..]));
    /// # });
    /// ```
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Converts into the output.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, ProcessError, run_process};
    ///
    /// # anyrt::run(async {
    /// let grep = Command::new("grep").arg("x").input("no match");
    /// let output = match run_process(grep).await {
    ///     Ok(output) => output,
    ///     Err(ProcessError::Failed(failed)) if failed.status().code() == Some(1) => failed.into_output(),
    ///     Err(error) => panic!("{error}"),
    /// };
    /// assert_eq!(output.stdout.as_deref(), Some(&b""[..]));
    /// # });
    /// ```
    pub fn into_output(self) -> Output {
        self.output
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Path::new(&self.program).display())?;
        write_status(self.output.status, f)?;
        let written = self.output.stderr.as_deref().unwrap_or_default();
        let last = written
            .trim_ascii_end()
            .rsplit(|byte| *byte == b'\n')
            .next();
        match last.filter(|line| !line.is_empty()) {
            Some(line) => write!(f, ": {}", String::from_utf8_lossy(line)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failed {}
