//! [`Signal`], and the constants of all signals.

use std::fmt;
use std::hash::{Hash, Hasher};

use rustix::process::Signal as Os;

/// A signal of the operating system, such as SIGINT.
///
/// `Display` and `Debug` write its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signal(Os);

/// Makes a constant of each signal, and the table of their names.
macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $os:ident, $text:literal;)*) => {
        impl Signal {
            $($(#[$doc])* pub const $name: Signal = Signal(Os::$os);)*
        }

        const NAMES: &[(Signal, &str)] = &[$((Signal::$name, $text)),*];
    };
}

signals! {
    /// The terminal was closed; services often read their configuration again.
    HUP = HUP, "SIGHUP";
    /// Ctrl-C was pressed.
    INT = INT, "SIGINT";
    /// Ctrl-\ was pressed.
    QUIT = QUIT, "SIGQUIT";
    /// An instruction was illegal.
    ILL = ILL, "SIGILL";
    /// A breakpoint was reached.
    TRAP = TRAP, "SIGTRAP";
    /// The process aborted.
    ABRT = ABORT, "SIGABRT";
    /// Memory was accessed in a wrong way.
    BUS = BUS, "SIGBUS";
    /// An arithmetic operation failed.
    FPE = FPE, "SIGFPE";
    /// Ends a process; cannot be caught or ignored.
    KILL = KILL, "SIGKILL";
    /// For the program's own use.
    USR1 = USR1, "SIGUSR1";
    /// Memory was accessed that is not there.
    SEGV = SEGV, "SIGSEGV";
    /// For the program's own use.
    USR2 = USR2, "SIGUSR2";
    /// A pipe or socket without a reader was written. The standard library ignores it.
    PIPE = PIPE, "SIGPIPE";
    /// A timer of `alarm` expired.
    ALRM = ALARM, "SIGALRM";
    /// Requests the end of a process.
    TERM = TERM, "SIGTERM";
    /// A child process ended or was stopped.
    CHLD = CHILD, "SIGCHLD";
    /// Continues a stopped process.
    CONT = CONT, "SIGCONT";
    /// Stops a process; cannot be caught or ignored.
    STOP = STOP, "SIGSTOP";
    /// Ctrl-Z was pressed.
    TSTP = TSTP, "SIGTSTP";
    /// A background process read from the terminal.
    TTIN = TTIN, "SIGTTIN";
    /// A background process wrote to the terminal.
    TTOU = TTOU, "SIGTTOU";
    /// A socket has urgent data.
    URG = URG, "SIGURG";
    /// The limit of processor time was exceeded.
    XCPU = XCPU, "SIGXCPU";
    /// The limit of a file's size was exceeded.
    XFSZ = XFSZ, "SIGXFSZ";
    /// A timer of processor time expired.
    VTALRM = VTALARM, "SIGVTALRM";
    /// A profiling timer expired.
    PROF = PROF, "SIGPROF";
    /// The size of the terminal changed.
    WINCH = WINCH, "SIGWINCH";
    /// A descriptor is ready.
    IO = IO, "SIGIO";
    /// A system call does not exist.
    SYS = SYS, "SIGSYS";
}

impl Signal {
    /// Returns the signal with this number; `None` if there is none, or if it does not have a name on every
    /// Unix system, like real-time signals.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::signals::Signal;
    ///
    /// assert_eq!(Signal::from_raw(9), Some(Signal::KILL));
    /// assert_eq!(Signal::from_raw(0), None);
    /// ```
    pub fn from_raw(number: i32) -> Option<Signal> {
        let mut signals = NAMES.iter().map(|(signal, _)| *signal);
        signals.find(|signal| signal.as_raw() == number)
    }

    /// Returns the number, which differs between systems for some signals.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::signals::Signal;
    ///
    /// assert_eq!(Signal::INT.as_raw(), 2);
    /// ```
    pub fn as_raw(self) -> i32 {
        self.0.as_raw()
    }

    /// Returns the name, such as `"SIGINT"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::signals::Signal;
    ///
    /// assert_eq!(Signal::TERM.name(), "SIGTERM");
    /// ```
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(signal, _)| *signal == self);
        named.map_or("", |(_, name)| name)
    }
}

impl Hash for Signal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_raw().hash(state);
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_go_together() {
        for (signal, name) in NAMES {
            assert_eq!(Signal::from_raw(signal.as_raw()), Some(*signal));
            assert_eq!(signal.to_string(), *name);
        }
        assert_eq!(Signal::from_raw(0), None);
        assert_eq!(Signal::from_raw(-1), None);
        assert_eq!(Signal::INT.as_raw(), 2);
    }
}
