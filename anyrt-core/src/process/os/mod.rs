//! Processes of Unix: starting programs, pipes, the detection of their end.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsFd;
pub(super) use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command as System;
use std::time::Duration;

use process_wrap::std::{ProcessSession, StdCommandWrap, StdCommandWrapper};

pub(super) use self::child::SystemChild;
pub(super) use self::options::{Options, shell};
pub(super) use self::pipe::{SystemEnd, our_end};
pub(super) use self::platform::alone;
use self::platform::{open_pidfd, signal_through};
pub(super) use self::status::write_status;
use super::command::Command;
pub(super) use crate::descriptors::os::pipe;

mod child;
mod command;
mod options;
mod pipe;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;
mod signals;
mod status;

/// The directories to search for a program if its environment has no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that was started.
pub(super) type Spawned = std::process::Child;

/// The minimum time to wait for output after the end of a program: none, as its output is in the pipes by then.
pub(super) const SETTLING: Duration = Duration::ZERO;

/// Returns the command of the standard library for a program.
pub(super) fn system_command(command: &Command, program: &OsStr) -> io::Result<System> {
    let Some(mask) = command.os.umask else {
        return Ok(System::new(program));
    };
    let mut shell = System::new("/bin/sh");
    shell.args(["-c", r#"umask "$0"; exec "$@""#, &format!("{mask:04o}")]);
    shell.arg(look_up(command, program)?);
    Ok(shell)
}

/// Sets the options that Unix alone has.
pub(super) fn set_options(system: &mut System, command: &Command) -> io::Result<()> {
    let options = &command.os;
    if let Some(name) = &options.arg0 {
        system.arg0(name);
    }
    if let Some(uid) = options.uid {
        system.uid(uid);
    }
    if let Some(gid) = options.gid {
        system.gid(gid);
    }
    if options.session {
        // A session has its own group, so a second one is not needed.
        let unused = StdCommandWrap::from(System::new(""));
        ProcessSession.pre_spawn(system, &unused)?;
    } else if command.group {
        system.process_group(0);
    }
    Ok(())
}

pub(super) fn spawn(system: &mut System, _command: &Command) -> io::Result<Spawned> {
    system.spawn()
}

/// Returns a duplicate of the standard output of this process.
pub(super) fn duplicate_stdout() -> io::Result<OwnedFd> {
    io::stdout().as_fd().try_clone_to_owned()
}

/// Returns whether a program is a path, and not a name that is searched.
pub(super) fn has_separator(program: &OsStr) -> bool {
    program.as_bytes().contains(&b'/')
}

/// Finds a program that a shell will start, since the shell would report a missing one by an exit status.
fn look_up(command: &Command, program: &OsStr) -> io::Result<PathBuf> {
    let directory = command.current_dir.as_deref().unwrap_or(Path::new(""));
    if has_separator(program) {
        check_executable(Path::new(program))?;
        return Ok(program.into());
    }
    let path = command.variable("PATH");
    let path = path.unwrap_or_else(|| DEFAULT_PATH.into());
    let mut outcome = Err(io::ErrorKind::NotFound.into());
    for folder in std::env::split_paths(&path) {
        let candidate = directory.join(folder).join(program);
        match check_executable(&candidate) {
            Ok(()) => return std::path::absolute(candidate),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => outcome = Err(error),
        }
    }
    outcome
}

fn check_executable(program: &Path) -> io::Result<()> {
    let metadata = fs::metadata(program)?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // A program that can be executed but not read does not have an interpreter that could be missing.
    let Ok(file) = File::open(program) else {
        return Ok(());
    };
    let mut start = Vec::new();
    file.take(256).read_to_end(&mut start)?;
    let Some(line) = start.strip_prefix(b"#!") else {
        return Ok(());
    };
    let line = line.split(|byte| *byte == b'\n').next();
    let line = line.unwrap_or_default().trim_ascii_start();
    let interpreter = line.split(u8::is_ascii_whitespace).next();
    let interpreter = OsString::from_vec(interpreter.unwrap_or_default().to_vec());
    fs::metadata(interpreter).map(drop)
}
