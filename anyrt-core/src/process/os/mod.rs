//! Starting programs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as System, Stdio};

use process_wrap::std::{ProcessSession, StdCommandWrap, StdCommandWrapper};
use rustix::io::ioctl_fionbio;

pub(super) use self::child::SystemChild;
use self::platform::{open_pidfd, signal_through};
use super::command::{Command, Target};
use crate::descriptors::os::pipe;

mod child;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;

/// The directories to search for a program if its environment has no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that was started, and this process's ends of its pipes, which are non-blocking.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

/// Starts a program. Blocks until it is started.
pub(super) fn start(command: &Command) -> io::Result<Started> {
    platform::alone(|| try_start(command)).map_err(|error| cannot_start(command, error))
}

/// Adds the program and its directory to the error of starting it.
pub(super) fn cannot_start(command: &Command, error: io::Error) -> io::Error {
    let kind = error.kind();
    let failed = CannotStart {
        program: command.program.clone(),
        directory: command.current_dir.clone(),
        error,
    };
    io::Error::new(kind, failed)
}

/// A program that could not be started.
#[derive(Debug)]
struct CannotStart {
    program: OsString,
    directory: Option<PathBuf>,
    error: io::Error,
}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start `{}`", Path::new(&self.program).display())?;
        if let Some(directory) = &self.directory {
            write!(f, " in `{}`", directory.display())?;
        }
        write!(f, ": {}", self.error)
    }
}

impl std::error::Error for CannotStart {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

fn try_start(command: &Command) -> io::Result<Started> {
    // It owns the program's ends of the pipes, so it must be dropped before the end of these pipes can be
    // seen.
    let mut system = build(command)?;
    let stdin = match target(&mut system, command.stdin.as_ref(), System::stdin)? {
        true => {
            let (reader, writer) = pipe()?;
            system.stdin(reader);
            Some(ours(writer)?)
        }
        false => None,
    };
    let mut merged: Option<OwnedFd> = None;
    let stdout = match target(&mut system, command.stdout.as_ref(), System::stdout)? {
        true => {
            let (reader, writer) = pipe()?;
            if command.stderr_to_stdout {
                merged = Some(writer.try_clone()?);
            }
            system.stdout(writer);
            Some(ours(reader)?)
        }
        false => None,
    };
    let stderr = if command.stderr_to_stdout {
        system.stderr(match merged {
            Some(writer) => writer.into(),
            None => merge(command.stdout.as_ref())?,
        });
        None
    } else if target(&mut system, command.stderr.as_ref(), System::stderr)? {
        let (reader, writer) = pipe()?;
        system.stderr(writer);
        Some(ours(reader)?)
    } else {
        None
    };
    Ok(Started {
        child: system.spawn()?,
        stdin,
        stdout,
        stderr,
    })
}

/// Connects a stream to a target other than a pipe; returns whether it should be a pipe.
fn target(
    system: &mut System,
    target: Option<&Target>,
    set: fn(&mut System, Stdio) -> &mut System,
) -> io::Result<bool> {
    let target = match target {
        None | Some(Target::Pipe) => return Ok(true),
        Some(target) => target,
    };
    set(system, to_system(target)?);
    Ok(false)
}

fn to_system(target: &Target) -> io::Result<Stdio> {
    Ok(match target {
        Target::Pipe => Stdio::piped(),
        Target::Inherit => Stdio::inherit(),
        Target::Null => Stdio::null(),
        Target::Descriptor(descriptor) => descriptor.try_clone()?.into(),
    })
}

/// Returns a duplicate of the target of the standard output, which is not a pipe.
fn merge(stdout: Option<&Target>) -> io::Result<Stdio> {
    match stdout {
        // `Inherit` would mean the standard error of this process.
        Some(Target::Inherit) => Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
        Some(target) => to_system(target),
        None => Ok(Stdio::null()),
    }
}

/// Makes this process's end of a pipe non-blocking. The program's end is another open file, and blocks.
fn ours(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    ioctl_fionbio(&descriptor, true)?;
    Ok(descriptor)
}

fn build(command: &Command) -> io::Result<System> {
    let mut program = command.program.clone();
    command.check_program()?;
    if command.current_dir.is_some() && has_slash(&program) {
        program = std::path::absolute(&program)?.into();
    }
    let mut system = match command.umask {
        None => System::new(&program),
        Some(mask) => {
            let mut shell = System::new("/bin/sh");
            shell.args(["-c", r#"umask "$0"; exec "$@""#, &format!("{mask:04o}")]);
            shell.arg(look_up(command, &program)?);
            shell
        }
    };
    system.args(&command.args);
    if let Some(name) = &command.arg0 {
        system.arg0(name);
    }
    if command.env_clear {
        system.env_clear();
    }
    for (name, value) in &command.env {
        match value {
            Some(value) => system.env(name, value),
            None => system.env_remove(name),
        };
    }
    if let Some(directory) = &command.current_dir {
        system.current_dir(directory);
    }
    if let Some(uid) = command.uid {
        system.uid(uid);
    }
    if let Some(gid) = command.gid {
        system.gid(gid);
    }
    if command.session {
        // A session has its own group, so a second one is not needed.
        let unused = StdCommandWrap::from(System::new(""));
        ProcessSession.pre_spawn(&mut system, &unused)?;
    } else if command.group {
        system.process_group(0);
    }
    Ok(system)
}

fn has_slash(program: &OsStr) -> bool {
    program.as_bytes().contains(&b'/')
}

/// Finds a program that a shell will start, since the shell would report a missing one by an exit status.
fn look_up(command: &Command, program: &OsStr) -> io::Result<PathBuf> {
    let directory = command.current_dir.as_deref().unwrap_or(Path::new(""));
    if has_slash(program) {
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
