//! Signals to a process, which Unix alone has.

use std::io;

use crate::process::open::Process;
use crate::runtime::Descriptors;
use crate::signals::Signal;

/// Signals of Unix.
impl<R: Descriptors> Process<R> {
    /// Sends a signal to the process, or to its [group](crate::process::Command::group). If the process has
    /// ended, this has no effect.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually because the process runs as another user.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    /// use anyrt::signals::Signal;
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["sleep", "60"]).await?;
    /// process.signal(Signal::INT)?;
    /// assert_eq!(process.wait().await?.signal(), Some(Signal::INT.as_raw()));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.child().signal(signal.as_raw())
    }

    /// Sends SIGTERM, which requests the end of the process.
    ///
    /// # Errors
    ///
    /// As [`signal`](Process::signal).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::process::open_process;
    ///
    /// # anyrt::run(async {
    /// let process = open_process(["sleep", "60"]).await?;
    /// process.terminate()?;
    /// assert!(!process.wait().await?.success());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }
}
