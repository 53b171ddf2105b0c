//! The terminal: messages, the output of jobs, and below them what is going on.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyrt::to_thread;
use anyrt_examples::Messages;

use crate::attempt::Log;

/// So long may a line of the view be: terminals are wider, and do not wrap it.
const WIDTH: usize = 78;

/// What is on the terminal. Clones share it.
#[derive(Clone)]
pub(crate) struct Screen {
    messages: Messages,
    /// How many lines the view has now.
    drawn: Arc<Mutex<usize>>,
    /// Whether what reads standard output has gone.
    is_closed: Arc<AtomicBool>,
}

impl Screen {
    pub(crate) fn new(messages: Messages) -> Screen {
        Screen {
            messages,
            drawn: Arc::default(),
            is_closed: Arc::default(),
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.messages.to_terminal()
    }

    /// Writes a line above the view.
    pub(crate) fn say(&self, line: &str) {
        self.above(|| self.messages.say(format_args!("{line}")));
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
        let print = move || screen.above(|| log.print());
        let printed = to_thread::Options::new().abandon_on_cancel().run(print);
        printed.await.map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.is_closed.store(true, Ordering::Relaxed);
            }
            io::Error::new(error.kind(), format!("cannot write the output: {error}"))
        })
    }

    /// Whether what reads standard output has gone: then there is nothing more to say.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Does something with the view taken away.
    fn above<T>(&self, action: impl FnOnce() -> T) -> T {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        erase(&mut drawn);
        action()
    }

    /// Shows the lines instead of those before, unless the terminal is being written to.
    pub(crate) fn draw(&self, lines: &[String]) {
        let Ok(mut drawn) = self.drawn.try_lock() else {
            return;
        };
        erase(&mut drawn);
        let mut err = io::stderr().lock();
        for line in lines {
            let line: String = line.chars().take(WIDTH).collect();
            let _ = writeln!(err, "{line}");
        }
        *drawn = lines.len();
    }

    pub(crate) fn clear(&self) {
        self.above(|| ());
    }
}

/// Moves up to the first line of the view, and clears what is below. That a terminal cannot be written is
/// nothing that could be said anywhere.
fn erase(drawn: &mut usize) {
    if *drawn > 0 {
        let _ = write!(io::stderr().lock(), "\x1b[{drawn}A\r\x1b[J");
        *drawn = 0;
    }
}
