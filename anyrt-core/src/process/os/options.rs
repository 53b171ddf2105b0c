//! The options that Unix alone has.

use std::ffi::OsString;
use std::io;

/// The options that Unix alone has.
#[derive(Clone, Debug, Default)]
pub(in crate::process) struct Options {
    pub(super) session: bool,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) umask: Option<u32>,
    pub(super) arg0: Option<OsString>,
}

impl Options {
    pub(in crate::process) fn validate(&self) -> io::Result<()> {
        if self.umask.is_some() && self.arg0.is_some() {
            let text = "`umask` and `arg0` do not go together: leave one out";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(())
    }

    /// Returns an option that a program of the runtime cannot have.
    pub(in crate::process) fn unsupported_by_programs(&self) -> Option<&'static str> {
        if self.session {
            Some("`session`")
        } else if self.uid.is_some() {
            Some("`uid`")
        } else if self.gid.is_some() {
            Some("`gid`")
        } else if self.umask.is_some() {
            Some("`umask`")
        } else {
            None
        }
    }

    pub(in crate::process) fn arg0(&self) -> Option<OsString> {
        self.arg0.clone()
    }
}

/// Returns the program that runs a line with the shell, its arguments, and its options.
pub(in crate::process) fn shell(line: OsString) -> (&'static str, Vec<OsString>, Options) {
    ("/bin/sh", vec!["-c".into(), line], Options::default())
}
