//! The terminal: messages, the output of jobs, and the view below them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyrt::to_thread;
use anyrt_examples::Messages;

use crate::attempt::Log;

/// The longest line of the view: terminals are wider, and do not wrap it.
const WIDTH: usize = 78;

/// The state of the terminal. Clones share it.
#[derive(Clone)]
pub(crate) struct Screen {
    messages: Messages,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// A lock that is held while the output of a job is printed, which may take without limit: only
    /// worker threads lock it.
    output: Mutex<()>,
    view: Mutex<View>,
    /// Set when the reader of standard output is closed.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct View {
    /// The number of lines of the view on the terminal.
    drawn: usize,
    /// Set while output is printed: the view must not be drawn then.
    is_printing: bool,
}

impl Screen {
    pub(crate) fn new(messages: Messages) -> Screen {
        Screen {
            messages,
            shared: Arc::default(),
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.messages.to_terminal()
    }

    /// Writes a line above the view.
    pub(crate) fn say(&self, line: &str) {
        let mut view = self.view();
        view.erase();
        self.messages.say(format_args!("{line}"));
    }

    /// Prints the complete output of a job.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller does not wait for the reader of standard output.
    ///
    /// # Errors
    ///
    /// Returns an error if standard output cannot be written.
    pub(crate) async fn print(&self, log: Log) -> io::Result<()> {
        let screen = self.clone();
        let print = move || screen.print_blocking(log);
        let printed = to_thread::Options::new().abandon_on_cancel().run(print);
        printed.await.map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.shared.is_closed.store(true, Ordering::Relaxed);
            }
            io::Error::new(error.kind(), format!("cannot write the output: {error}"))
        })
    }

    fn print_blocking(&self, log: Log) -> io::Result<()> {
        let output = self.shared.output.lock();
        let _alone = output.unwrap_or_else(PoisonError::into_inner);
        let mut view = self.view();
        view.erase();
        view.is_printing = true;
        drop(view);
        let printed = log.print();
        self.view().is_printing = false;
        printed
    }

    /// Returns whether the reader of standard output is closed: then nothing more is printed.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Ordering::Relaxed)
    }

    /// Replaces the lines of the view.
    pub(crate) fn draw(&self, lines: &[String]) {
        let mut view = self.view();
        if view.is_printing {
            return;
        }
        view.erase();
        let mut err = io::stderr().lock();
        for line in lines {
            let line: String = line.chars().take(WIDTH).collect();
            let _ = writeln!(err, "{line}");
        }
        view.drawn = lines.len();
    }

    pub(crate) fn clear(&self) {
        self.view().erase();
    }

    fn view(&self) -> MutexGuard<'_, View> {
        let view = self.shared.view.lock();
        view.unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    /// Moves to the first line of the view, and clears everything below. Errors of the terminal are
    /// ignored: they cannot be reported anywhere.
    fn erase(&mut self) {
        if self.drawn > 0 {
            let _ = write!(io::stderr().lock(), "\x1b[{}A\r\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }
}
