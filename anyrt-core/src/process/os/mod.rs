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

use process_wrap::std::{CommandWrap, CommandWrapper, ProcessSession};
use rustix::io::ioctl_fionbio;

pub(super) use self::platform::{open_pidfd, signal_through};
use super::command::{Command, Target};

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "other.rs"
)]
mod platform;

/// Where a program is looked up if its environment has no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A program that was started, and our ends of its pipes, which do not block.
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

/// Starts a program. Blocks for as long as that takes.
pub(super) fn start(command: &Command) -> io::Result<Started> {
    platform::alone(|| try_start(command)).map_err(|error| {
        let kind = error.kind();
        let failed = CannotStart {
            program: command.program.clone(),
            directory: command.current_dir.clone(),
            error,
        };
        io::Error::new(kind, failed)
    })
}

/// A program could not be started.
#[derive(Debug)]
struct CannotStart {
    program: OsString,
    directory: Option<PathBuf>,
    error: io::Error,
}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start `{}`", self.program.display())?;
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
    // It owns the program's ends of the pipes, and so has to go before anybody waits for their end.
    let mut system = build(command)?;
    let stdin = match target(&mut system, command.stdin.as_ref(), System::stdin)? {
        true => {
            let (reader, writer) = io::pipe()?;
            system.stdin(reader);
            Some(ours(writer.into())?)
        }
        false => None,
    };
    let mut merged: Option<OwnedFd> = None;
    let stdout = match target(&mut system, command.stdout.as_ref(), System::stdout)? {
        true => {
            let (reader, writer) = io::pipe()?;
            if command.stderr_to_stdout {
                merged = Some(writer.try_clone()?.into());
            }
            system.stdout(writer);
            Some(ours(reader.into())?)
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
        let (reader, writer) = io::pipe()?;
        system.stderr(writer);
        Some(ours(reader.into())?)
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

/// Connects a stream to what is no pipe; returns whether it is to be a pipe.
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

/// Returns what the standard output is connected to, which is no pipe, once more.
fn merge(stdout: Option<&Target>) -> io::Result<Stdio> {
    match stdout {
        // As the standard error it would be that of this process.
        Some(Target::Inherit) => Ok(io::stdout().as_fd().try_clone_to_owned()?.into()),
        Some(target) => to_system(target),
        None => Ok(Stdio::null()),
    }
}

/// Makes our end of a pipe one that does not block. The program's end is a file of its own, and blocks.
fn ours(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    ioctl_fionbio(&descriptor, true)?;
    Ok(descriptor)
}

fn build(command: &Command) -> io::Result<System> {
    let mut program = command.program.clone();
    if program.is_empty() {
        let text = "a command needs a program";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
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
        // A session has a group of its own, so there is no other to make.
        let unused = CommandWrap::from(System::new(""));
        ProcessSession.pre_spawn(&mut system, &unused)?;
    } else if command.group {
        system.process_group(0);
    }
    Ok(system)
}

fn has_slash(program: &OsStr) -> bool {
    program.as_bytes().contains(&b'/')
}

/// Finds a program that a shell is to start, since the shell would report a missing one by an exit status.
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
    // A program that can be started and not read has no interpreter that could be missing.
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
