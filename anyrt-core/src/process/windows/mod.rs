//! Processes of Windows: starting programs, groups, pipes, the detection of their end.
//!
//! | file | contents |
//! | --- | --- |
//! | `child` | the end of a child, and killing it |
//! | `group` | job objects |
//! | `pipe` | pipes, whose bytes are copied by threads |
//! | `options` | the options that Windows alone has, and the shell |
//! | `status` | the text of an exit status |

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::AsHandle;
pub(super) use std::os::windows::io::OwnedHandle as OwnedFd;
use std::os::windows::process::CommandExt;
use std::process::Command as System;

pub(super) use self::child::SystemChild;
pub(super) use self::group::{Spawned, spawn};
pub(super) use self::options::{Options, shell};
pub(super) use self::pipe::{SETTLING, SystemEnd, our_end, pipe};
pub(super) use self::status::write_status;
use super::command::Command;

mod child;
mod group;
mod options;
mod pipe;
mod status;

/// Returns the command of the standard library for a program.
pub(super) fn system_command(_command: &Command, program: &OsStr) -> io::Result<System> {
    Ok(System::new(program))
}

/// Sets the options that Windows alone has.
pub(super) fn set_options(system: &mut System, command: &Command) -> io::Result<()> {
    if let Some(line) = command.os.line() {
        system.raw_arg(line);
    }
    Ok(())
}

/// Starts a program. Several may be started at the same time, since the standard library passes on no handle but those
/// of the program's own streams.
pub(super) fn alone<T>(start: impl FnOnce() -> T) -> T {
    start()
}

/// Returns a duplicate of the standard output of this process.
pub(super) fn duplicate_stdout() -> io::Result<OwnedFd> {
    io::stdout().as_handle().try_clone_to_owned()
}

/// Returns whether a program is a path, and not a name that is searched.
pub(super) fn has_separator(program: &OsStr) -> bool {
    let bytes = program.as_encoded_bytes();
    bytes.contains(&b'/') || bytes.contains(&b'\\')
}
