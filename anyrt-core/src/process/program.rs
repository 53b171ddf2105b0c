//! Starting a program of the runtime's [`ProgramHost`], in place of one of the operating system.

use std::io;

use super::child::Child;
use super::command::{Command, Target};
use super::memory_end::MemoryEnd;
use super::pipe_end::PipeEnd;
use super::start::cannot_start;
use crate::loom::Arc;
use crate::runtime::{Launch, LaunchOutput, ProgramHost, Source};
use crate::stream::memory_byte_pipe;

/// The capacity of a pipe, as on Linux.
const CAPACITY: usize = 64 * 1024;

/// A program that was started, and this process's ends of its pipes.
pub(super) struct StartedProgram<S> {
    pub(super) child: Arc<Child<S>>,
    pub(super) stdin: Option<PipeEnd<S>>,
    pub(super) stdout: Option<PipeEnd<S>>,
    pub(super) stderr: Option<PipeEnd<S>>,
}

/// Starts a program.
pub(super) fn start<S: Source>(
    host: &dyn ProgramHost,
    command: &Command,
) -> io::Result<StartedProgram<S>> {
    try_start(host, command).map_err(|error| cannot_start(command, error))
}

fn try_start<S: Source>(
    host: &dyn ProgramHost,
    command: &Command,
) -> io::Result<StartedProgram<S>> {
    command.check_program()?;
    refuse_unsupported(command)?;
    let (mut our_stdin, mut stdin) = (None, None);
    if let None | Some(Target::Pipe) = command.stdin {
        let (ours, theirs) = memory_byte_pipe(CAPACITY);
        our_stdin = Some(PipeEnd::Memory(MemoryEnd::Writer(ours)));
        stdin = Some(Box::new(theirs) as _);
    }
    let (our_stdout, stdout) = output(command.stdout.as_ref());
    let (our_stderr, stderr) = match command.stderr_to_stdout {
        true => (None, LaunchOutput::Stdout),
        false => output(command.stderr.as_ref()),
    };
    let launch = Launch {
        program: command.program.clone(),
        args: command.args.clone(),
        arg0: command.os.arg0(),
        env: command.env.clone(),
        current_dir: command.current_dir.clone(),
        stdin,
        stdout,
        stderr,
    };
    Ok(StartedProgram {
        child: Child::of_program(|ended| host.start(launch, ended))?,
        stdin: our_stdin,
        stdout: our_stdout,
        stderr: our_stderr,
    })
}

/// Connects an output.
fn output<S>(target: Option<&Target>) -> (Option<PipeEnd<S>>, LaunchOutput) {
    match target {
        None | Some(Target::Pipe) => {
            let (theirs, ours) = memory_byte_pipe(CAPACITY);
            (
                Some(PipeEnd::Memory(MemoryEnd::Reader(ours))),
                LaunchOutput::Pipe(Box::new(theirs)),
            )
        }
        Some(Target::Inherit) => (None, LaunchOutput::Inherit),
        // Descriptors are refused before.
        Some(Target::Null | Target::Descriptor(_)) => (None, LaunchOutput::Null),
    }
}

/// Refuses options that only the operating system has.
fn refuse_unsupported(command: &Command) -> io::Result<()> {
    let is_descriptor = |target: &Option<Target>| matches!(target, Some(Target::Descriptor(_)));
    let option = if is_descriptor(&command.stdin) {
        "a file or descriptor as `stdin`"
    } else if is_descriptor(&command.stdout) {
        "a file or descriptor as `stdout`"
    } else if is_descriptor(&command.stderr) {
        "a file or descriptor as `stderr`"
    } else if let Some(Target::Inherit) = command.stdin {
        "`Stdio::Inherit` as `stdin`"
    } else if let Some(option) = command.os.unsupported_by_programs() {
        option
    } else {
        return Ok(());
    };
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        format!(
            "the program is not one of the operating system, so it cannot have {option}: leave the option out, \
             or use another backend"
        ),
    ))
}
