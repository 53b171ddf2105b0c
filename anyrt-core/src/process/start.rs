//! Starting a program of the operating system: its streams, and what is common to all systems.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command as System, Stdio};

use super::command::{Command, Target};
use super::os::{self, OwnedFd, Spawned, duplicate_stdout, our_end, pipe};

/// A program that was started, and this process's ends of its pipes, as `os::our_end` returns them.
pub(super) struct Started {
    pub(super) child: Spawned,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

/// Starts a program. Blocks until it is started.
pub(super) fn start(command: &Command) -> io::Result<Started> {
    os::alone(|| try_start(command)).map_err(|error| cannot_start(command, error))
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

impl Error for CannotStart {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

fn try_start(command: &Command) -> io::Result<Started> {
    // It owns the program's ends of the pipes, so it must be dropped before the end of these pipes can be
    // seen.
    let mut system = configure(command)?;
    let stdin = match target(&mut system, command.stdin.as_ref(), System::stdin)? {
        true => {
            let (reader, writer) = pipe()?;
            system.stdin(reader);
            Some(our_end(writer)?)
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
            Some(our_end(reader)?)
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
        Some(our_end(reader)?)
    } else {
        None
    };
    Ok(Started {
        child: os::spawn(&mut system, command)?,
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
        Some(Target::Inherit) => Ok(duplicate_stdout()?.into()),
        Some(target) => to_system(target),
        None => Ok(Stdio::null()),
    }
}

/// Sets the program, its arguments and environment.
fn configure(command: &Command) -> io::Result<System> {
    command.check_program()?;
    let mut program = command.program.clone();
    if command.current_dir.is_some() && os::has_separator(&program) {
        program = std::path::absolute(&program)?.into();
    }
    let mut system = os::system_command(command, &program)?;
    system.args(&command.args);
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
    os::set_options(&mut system, command)?;
    Ok(system)
}
