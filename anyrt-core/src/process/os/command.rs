//! The methods of [`Command`] that Unix alone has.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use crate::process::command::Command;

/// Options of Unix.
impl Command {
    /// Sets a grace period: a cancellation sends SIGTERM first, and SIGKILL only after this time. By default
    /// the program is killed at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// // A cancelled program has ten seconds to clean up.
    /// let command = Command::new("sleep").arg("60").grace(Duration::from_secs(10));
    /// let ended = anyrt::move_on_after(Duration::from_millis(10), run_process(command)).await;
    /// assert!(ended.is_none(), "it ended at SIGTERM");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn grace(mut self, grace: Duration) -> Command {
        self.grace = Some(grace);
        self
    }

    /// Starts the program in a new session, without a terminal.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, open_process};
    ///
    /// # anyrt::run(async {
    /// let process = open_process(Command::new("sleep").arg("60").session()).await?;
    /// process.kill()?;
    /// assert!(!process.wait().await?.success());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn session(mut self) -> Command {
        self.os.session = true;
        self
    }

    /// Sets the user id of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// # let root = run_process(["id", "-u"]).await?.stdout.as_deref() == Some(&b"0\n"[..]);
    /// # if root {
    /// let output = run_process(Command::new("id").arg("-u").uid(1000)).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"1000\n"[..]));
    /// # }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn uid(mut self, uid: u32) -> Command {
        self.os.uid = Some(uid);
        self
    }

    /// Sets the group id of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// # let root = run_process(["id", "-u"]).await?.stdout.as_deref() == Some(&b"0\n"[..]);
    /// # if root {
    /// let output = run_process(Command::new("id").arg("-g").gid(1000)).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"1000\n"[..]));
    /// # }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn gid(mut self, gid: u32) -> Command {
        self.os.gid = Some(gid);
        self
    }

    /// Sets the umask of the program: the permissions that its new files do not get, such as `0o077`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("umask").umask(0o077)).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"0077\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn umask(mut self, mask: u32) -> Command {
        self.os.umask = Some(mask);
        self
    }

    /// Sets the name that the program sees as its first argument, instead of its path.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::{Command, run_process};
    ///
    /// # anyrt::run(async {
    /// let output = run_process(Command::shell("echo $0").arg0("greeter")).await?;
    /// assert_eq!(output.stdout.as_deref(), Some(&b"greeter\n"[..]));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn arg0(mut self, name: impl Into<OsString>) -> Command {
        self.os.arg0 = Some(name.into());
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
}
