//! [`Signal`] on Windows, and the constants of all signals.

use std::fmt;

/// A signal of the operating system, such as SIGINT.
///
/// On Windows, these are the events of a console, and the signals that a program raises itself. `Display` and `Debug`
/// write the name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

impl Signal {
    /// Ctrl-C was pressed.
    pub const INT: Signal = Signal(2);
    /// Requests the end of a process. On Windows, only the process itself can raise it.
    pub const TERM: Signal = Signal(15);
    /// Ctrl-Break was pressed. Windows only.
    pub const BREAK: Signal = Signal(21);

    /// Returns the signal with this number; `None` if there is none.
    pub fn from_raw(number: i32) -> Option<Signal> {
        let mut signals = NAMES.iter().map(|(signal, _)| *signal);
        signals.find(|signal| signal.0 == number)
    }

    /// Returns the number.
    pub fn as_raw(self) -> i32 {
        self.0
    }

    /// Returns the name, such as `"SIGINT"`.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(signal, _)| *signal == self);
        named.map_or("", |(_, name)| name)
    }
}

const NAMES: &[(Signal, &str)] = &[
    (Signal::INT, "SIGINT"),
    (Signal::TERM, "SIGTERM"),
    (Signal::BREAK, "SIGBREAK"),
];

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
