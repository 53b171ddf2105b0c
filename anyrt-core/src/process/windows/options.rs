//! The options that Windows alone has, and the shell.

use std::ffi::OsString;
use std::io;

/// The options that Windows alone has.
#[derive(Clone, Debug, Default)]
pub(in crate::process) struct Options {
    /// The end of the command line, which is passed on as it is.
    line: Option<OsString>,
}

impl Options {
    pub(super) fn line(&self) -> Option<&OsString> {
        self.line.as_ref()
    }

    pub(in crate::process) fn validate(&self) -> io::Result<()> {
        Ok(())
    }

    /// Returns an option that a program of the runtime cannot have.
    pub(in crate::process) fn unsupported_by_programs(&self) -> Option<&'static str> {
        self.line.as_ref().map(|_| "a command line of `cmd.exe`")
    }

    /// Returns no name: programs see their own.
    pub(in crate::process) fn arg0(&self) -> Option<OsString> {
        None
    }
}

/// Returns the program that runs a line with the shell, its arguments, and its options. The shell does not undo the
/// escaping of other programs: with `/S` it removes the outer quotes, and runs what is between them.
pub(in crate::process) fn shell(line: OsString) -> (&'static str, Vec<OsString>, Options) {
    let mut quoted = OsString::from("\"");
    quoted.push(line);
    quoted.push("\"");
    let args = ["/D", "/S", "/C"].map(OsString::from);
    let options = Options { line: Some(quoted) };
    ("cmd.exe", args.into(), options)
}
