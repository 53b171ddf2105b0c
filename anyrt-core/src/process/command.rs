//! [`Command`]: the program to start, and its options.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::loom::Arc;

/// A program to start, with its arguments and environment.
///
/// Each option consumes the command and returns it. A command can be cloned and started several times; files
/// that were passed to it are shared then.
///
/// An array or a `Vec` converts into a command: the program, and its arguments. A string does not; for a
/// shell command line use [`shell`](Command::shell).
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until it is started"]
pub struct Command {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    /// The variables that are set or removed, in this order.
    pub(super) env: Vec<(OsString, Option<OsString>)>,
    pub(super) env_clear: bool,
    pub(super) current_dir: Option<PathBuf>,
    pub(super) stdin: Option<Target>,
    pub(super) stdout: Option<Target>,
    pub(super) stderr: Option<Target>,
    pub(super) stderr_to_stdout: bool,
    pub(super) input: Option<Arc<[u8]>>,
    pub(super) check: bool,
    pub(super) output_limit: Option<usize>,
    pub(super) linger: Option<Duration>,
    pub(super) grace: Option<Duration>,
    pub(super) group: bool,
    pub(super) session: bool,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) umask: Option<u32>,
    pub(super) arg0: Option<OsString>,
}

/// The target of a standard stream of a program.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stdio {
    /// A pipe to this process.
    Pipe,
    /// The same stream of this process.
    Inherit,
    /// The null device.
    Null,
    /// A file.
    File(File),
    /// Another descriptor.
    Descriptor(OwnedFd),
}

impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio::File(file)
    }
}

impl From<OwnedFd> for Stdio {
    fn from(descriptor: OwnedFd) -> Stdio {
        Stdio::Descriptor(descriptor)
    }
}

/// [`Stdio`] in a form that can be cloned.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Pipe,
    Inherit,
    Null,
    Descriptor(Arc<OwnedFd>),
}

impl From<Stdio> for Target {
    fn from(target: Stdio) -> Target {
        match target {
            Stdio::Pipe => Target::Pipe,
            Stdio::Inherit => Target::Inherit,
            Stdio::Null => Target::Null,
            Stdio::File(file) => Target::Descriptor(Arc::new(file.into())),
            Stdio::Descriptor(descriptor) => Target::Descriptor(Arc::new(descriptor)),
        }
    }
}

impl Command {
    /// Returns a command that starts a program. It is searched in `PATH` if its name contains no slash.
    ///
    /// A relative path with a slash is relative to the current directory of this process, whatever
    /// [`current_dir`](Command::current_dir) is.
    pub fn new(program: impl Into<OsString>) -> Command {
        Command {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            env_clear: false,
            current_dir: None,
            stdin: None,
            stdout: None,
            stderr: None,
            stderr_to_stdout: false,
            input: None,
            check: true,
            output_limit: None,
            linger: None,
            grace: None,
            group: false,
            session: false,
            uid: None,
            gid: None,
            umask: None,
            arg0: None,
        }
    }

    /// Returns a command that runs a command line with `/bin/sh`.
    pub fn shell(line: impl Into<OsString>) -> Command {
        Command::new("/bin/sh").arg("-c").arg(line)
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Command {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<I>(mut self, args: I) -> Command
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Command {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Sets variables of the environment.
    pub fn envs<I, K, V>(mut self, variables: I) -> Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        self.env
            .extend(variables.map(|(name, value)| (name.into(), Some(value.into()))));
        self
    }

    /// Removes a variable from the environment.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Command {
        self.env.push((name.into(), None));
        self
    }

    /// Removes all variables from the environment, including those that were set before.
    pub fn env_clear(mut self) -> Command {
        self.env.clear();
        self.env_clear = true;
        self
    }

    /// Sets the working directory of the program.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Command {
        self.current_dir = Some(directory.into());
        self
    }

    /// Sets the standard input.
    pub fn stdin(mut self, target: impl Into<Stdio>) -> Command {
        self.stdin = Some(target.into().into());
        self
    }

    /// Sets the standard output.
    pub fn stdout(mut self, target: impl Into<Stdio>) -> Command {
        self.stdout = Some(target.into().into());
        self
    }

    /// Sets the standard error.
    pub fn stderr(mut self, target: impl Into<Stdio>) -> Command {
        self.stderr = Some(target.into().into());
        self.stderr_to_stdout = false;
        self
    }

    /// Redirects the standard error to the target of the standard output. With a pipe, bytes of both arrive
    /// in the order in which they were written.
    pub fn stderr_to_stdout(mut self) -> Command {
        self.stderr = None;
        self.stderr_to_stdout = true;
        self
    }

    /// Sets the bytes that [`run_process`](super::run_process) feeds to the standard input, which then ends.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Command {
        self.input = Some(bytes.into().into());
        self
    }

    /// Sets whether [`run_process`](super::run_process) fails if the program is not successful. Defaults to
    /// true.
    pub fn check(mut self, check: bool) -> Command {
        self.check = check;
        self
    }

    /// Sets the maximum number of bytes that [`run_process`](super::run_process) keeps of each stream: the
    /// first ones. Later bytes are read and dropped. By default there is no limit.
    pub fn output_limit(mut self, bytes: usize) -> Command {
        self.output_limit = Some(bytes);
        self
    }

    /// Sets the maximum time that [`run_process`](super::run_process) waits, after the end of the program,
    /// for the end of its output, which other processes may hold open. By default there is no limit.
    pub fn linger(mut self, limit: Duration) -> Command {
        self.linger = Some(limit);
        self
    }

    /// Sets a grace period: a cancellation sends SIGTERM first, and SIGKILL only after this time. By default
    /// the program is killed at once.
    pub fn grace(mut self, grace: Duration) -> Command {
        self.grace = Some(grace);
        self
    }

    /// Makes the program the leader of its own process group.
    ///
    /// - Signals are sent to the whole group.
    /// - When the program has ended, the rest of the group is killed.
    /// - The Ctrl-C of a terminal does not reach the group. Without this option it reaches both this process
    ///   and the program.
    ///
    /// A process that leaves the group, by `setsid` for example, is not affected.
    pub fn group(mut self) -> Command {
        self.group = true;
        self
    }

    /// Starts the program in a new session, without a terminal.
    pub fn session(mut self) -> Command {
        self.session = true;
        self
    }

    /// Sets the user id of the program.
    pub fn uid(mut self, uid: u32) -> Command {
        self.uid = Some(uid);
        self
    }

    /// Sets the group id of the program.
    pub fn gid(mut self, gid: u32) -> Command {
        self.gid = Some(gid);
        self
    }

    /// Sets the umask of the program: the permissions that its new files do not get, such as `0o077`.
    pub fn umask(mut self, mask: u32) -> Command {
        self.umask = Some(mask);
        self
    }

    /// Sets the name that the program sees as its first argument, instead of its path.
    pub fn arg0(mut self, name: impl Into<OsString>) -> Command {
        self.arg0 = Some(name.into());
        self
    }

    /// Returns the value of a variable in the program's environment.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        let changes = self.env.iter().rev();
        let mut changes = changes.filter(|(changed, _)| changed == OsStr::new(name));
        match changes.next() {
            Some((_, value)) => value.clone(),
            None if self.env_clear => None,
            None => std::env::var_os(name),
        }
    }

    /// Refuses a command without a program.
    pub(super) fn check_program(&self) -> io::Result<()> {
        if self.program.is_empty() {
            let text = "a command needs a program";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(())
    }

    /// Refuses conflicting options.
    pub(super) fn validate(&self) -> io::Result<()> {
        let refuse = |text| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if self.input.is_some() && self.stdin.is_some() {
            return refuse("a process has either input or a standard input: leave one out");
        }
        if self.umask.is_some() && self.arg0.is_some() {
            return refuse("`umask` and `arg0` do not go together: leave one out");
        }
        Ok(())
    }
}

impl<S: Into<OsString>, const N: usize> From<[S; N]> for Command {
    fn from(words: [S; N]) -> Command {
        of_words(words)
    }
}

impl<S: Into<OsString>> From<Vec<S>> for Command {
    fn from(words: Vec<S>) -> Command {
        of_words(words)
    }
}

impl From<&Command> for Command {
    fn from(command: &Command) -> Command {
        command.clone()
    }
}

/// Creates a command from its words. Starting a command without words fails.
fn of_words<S: Into<OsString>>(words: impl IntoIterator<Item = S>) -> Command {
    let mut words = words.into_iter().map(Into::into);
    Command::new(words.next().unwrap_or_default()).args(words)
}
