//! Standard error: messages, and on a terminal a progress line below them.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::walk::Unreadable;

/// The interval at which progress is shown.
const PERIOD: Duration = Duration::from_millis(100);

/// The control sequence that moves to the start of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The messages of a program; clones share the count. Errors of standard error are ignored: they cannot
/// be reported anywhere.
#[derive(Clone, Debug)]
pub struct Messages {
    program: &'static str,
    to_terminal: bool,
    unreadable: Arc<AtomicUsize>,
}

impl Messages {
    /// Creates the messages of a program. Each starts with its name.
    pub fn new(program: &'static str) -> Messages {
        Messages {
            program,
            to_terminal: io::stderr().is_terminal(),
            unreadable: Arc::default(),
        }
    }

    pub(crate) fn program(&self) -> &'static str {
        self.program
    }

    /// Returns whether messages go to a terminal, where progress is shown.
    pub fn to_terminal(&self) -> bool {
        self.to_terminal
    }

    /// Writes a line.
    pub fn say(&self, message: fmt::Arguments<'_>) {
        let clear = if self.to_terminal { CLEAR } else { "" };
        let _ = writeln!(io::stderr().lock(), "{clear}{}: {message}", self.program);
    }

    /// Writes a line about a path, and counts it.
    pub fn report(&self, unreadable: &Unreadable) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
        self.say(format_args!("{unreadable}"));
    }

    /// Returns how many paths were reported.
    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable.load(Ordering::Relaxed)
    }
}

/// Keeps a line on the terminal up to date, until it is cancelled.
///
/// # Cancel safety
///
/// Cancelling it removes the line. If the future is dropped from outside, the line stays.
pub async fn show_progress(summary: impl Display) {
    let drawing = async {
        let mut interval = anyrt::interval(PERIOD);
        loop {
            interval.tick().await;
            let _ = write!(io::stderr().lock(), "{CLEAR}{summary}");
        }
    };
    anyrt::finally(drawing, async || {
        let _ = write!(io::stderr().lock(), "{CLEAR}");
    })
    .await
}

/// Prints a text to standard output.
///
/// # Errors
///
/// Returns the error of writing to standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
