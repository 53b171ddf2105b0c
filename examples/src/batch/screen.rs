//! The terminal: messages, the output of jobs, and below them what is going on.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyrt::to_thread;
use anyrt_examples::Messages;

use crate::attempt::Log;

/// So long may a line of the view be: terminals are wider, and do not wrap it.
const WIDTH: usize = 78;

/// What is on the terminal. Clones share it.
#[derive(Clone)]
pub(crate) struct Screen {
    messages: Messages,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Locked for as long as the output of a job is printed, which may take for ever: by worker threads alone.
    output: Mutex<()>,
    view: Mutex<View>,
    /// Whether what reads standard output has gone.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct View {
    /// How many lines it has now.
    drawn: usize,
    /// Whether output is printed, which the view must not be drawn into.
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

    /// Prints the output of a job, whole.
    ///
    /// # Cancel safety
    ///
    /// A cancelled caller does not wait for what reads standard output.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
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

    /// Whether what reads standard output has gone: then there is nothing more to say.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Ordering::Relaxed)
    }

    /// Shows the lines instead of those before.
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
    /// Moves up to the first line of the view, and clears what is below. That a terminal cannot be written is
    /// nothing that could be said anywhere.
    fn erase(&mut self) {
        if self.drawn > 0 {
            let _ = write!(io::stderr().lock(), "\x1b[{}A\r\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }
}
