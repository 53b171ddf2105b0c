//! [`Command`]: the program to start, and its options.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::os::{self, OwnedFd};
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
    /// The options that only this system has.
    pub(super) os: os::Options,
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
    /// Another descriptor. On Windows, where `OwnedHandle` takes the place of `OwnedFd`, it is a handle.
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
    /// On Windows a backslash counts too, `.exe` is added to a name without an extension, and the folder of this
    /// program and those of the system are searched before `PATH`. Arguments are escaped as programs of Microsoft's C
    /// library expect; the standard library escapes those of batch files for `cmd.exe`, or refuses them.
    ///
    /// A relative path with a slash is relative to the current directory of this process, whatever
    /// [`current_dir`](Command::current_dir) is.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("echo").arg("hello")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"hello\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
            os: os::Options::default(),
        }
    }

    /// Returns a command that runs a command line with `/bin/sh`; on Windows with `cmd.exe`, which gets the line as it
    /// is.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo to be | tr a-z A-Z")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"TO BE\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn shell(line: impl Into<OsString>) -> Command {
        let (program, args, os) = os::shell(line.into());
        Command {
            os,
            ..Command::new(program).args(args)
        }
    }

    /// Adds an argument.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("printf").arg("%s-%s").arg("a b").arg("c")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"a b-c"[..]), "no shell splits them");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn arg(mut self, arg: impl Into<OsString>) -> Command {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("printf").args(["%s-%s", "a", "b"])).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"a-b"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn args<I>(mut self, args: I) -> Command
    where
        I: IntoIterator<Item: Into<OsString>>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo $GREETING").env("GREETING", "hello")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"hello\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Command {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Sets variables of the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let command = Command::shell("echo $A$B").envs([("A", "to"), ("B", "be")]);
    /// assert_eq!(run_process(command).await?.stdout.as_deref(), Some(&b"tobe\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let command = Command::shell("echo ${GREETING-none}").env("GREETING", "hello");
    /// let output = run_process(command.env_remove("GREETING")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"none\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Command {
        self.env.push((name.into(), None));
        self
    }

    /// Removes all variables from the environment, including those that were set before.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("/usr/bin/env").env_clear().env("A", "1")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"A=1\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn env_clear(mut self) -> Command {
        self.env.clear();
        self.env_clear = true;
        self
    }

    /// Sets the working directory of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("pwd").current_dir("/")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"/\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Command {
        self.current_dir = Some(directory.into());
        self
    }

    /// Sets the standard input.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    /// use std::fs::File;
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("cat").stdin(File::open("Cargo.toml")?)).await?;
    /// assert!(output.stdout.unwrap().starts_with(b"[package]"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stdin(mut self, target: impl Into<Stdio>) -> Command {
        self.stdin = Some(target.into().into());
        self
    }

    /// Sets the standard output.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, Stdio, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("echo").arg("hello").stdout(Stdio::Null)).await?;
    /// assert_eq!(output.stdout, None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stdout(mut self, target: impl Into<Stdio>) -> Command {
        self.stdout = Some(target.into().into());
        self
    }

    /// Sets the standard error.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, Stdio, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo noise >&2").stderr(Stdio::Null)).await?;
    /// assert_eq!(output.stderr, None);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stderr(mut self, target: impl Into<Stdio>) -> Command {
        self.stderr = Some(target.into().into());
        self.stderr_to_stdout = false;
        self
    }

    /// Redirects the standard error to the target of the standard output. With a pipe, bytes of both arrive
    /// in the order in which they were written.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo a; echo b >&2").stderr_to_stdout()).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"a\nb\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn stderr_to_stdout(mut self) -> Command {
        self.stderr = None;
        self.stderr_to_stdout = true;
        self
    }

    /// Sets the bytes that [`run_process`](super::run_process) feeds to the standard input, which then ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::new("sort").input("b\na\n")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"a\nb\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Command {
        self.input = Some(bytes.into().into());
        self
    }

    /// Sets whether [`run_process`](super::run_process) fails if the program is not successful. Defaults to
    /// true.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let command = Command::shell("exit 4");
    /// assert!(run_process(&command).await.is_err());
    /// let output = run_process(command.check(false)).await?;
    /// assert_eq!(output.status.code(), Some(4));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn check(mut self, check: bool) -> Command {
        self.check = check;
        self
    }

    /// Sets the maximum number of bytes that [`run_process`](super::run_process) keeps of each stream: the
    /// first ones. Later bytes are read and dropped. By default there is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo to be or not").output_limit(5)).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"to be"[..]));
    /// assert!(!output.complete);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn output_limit(mut self, bytes: usize) -> Command {
        self.output_limit = Some(bytes);
        self
    }

    /// Sets the maximum time that [`run_process`](super::run_process) waits, after the end of the program,
    /// for the end of its output, which other processes may hold open. By default there is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// // The program leaves a process behind that keeps its output open.
    /// let command = Command::shell("echo done; sleep 60 &").group().linger(Duration::from_millis(10));
    /// let output = run_process(command).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"done\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn linger(mut self, limit: Duration) -> Command {
        self.linger = Some(limit);
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
    ///
    /// On Windows the group is a job object, which no process can leave. The system kills the group also if this process
    /// is killed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, open_process};
    ///
    /// # anyrt::run(async {
    /// // The signal reaches the shell and its child.
    /// let process = open_process(Command::shell("sleep 60 & wait").group()).await?;
    /// process.terminate()?;
    /// assert!(!process.wait().await?.success());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn group(mut self) -> Command {
        self.group = true;
        self
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
        self.os.validate()
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
