//! Systems with `anyrt::signals`.

use std::io;

use anyrt::signals::{self, Signal, SignalReceiver};

/// A receiver of Ctrl-C and SIGTERM.
pub(crate) struct Interrupts(SignalReceiver);

impl Interrupts {
    pub(crate) fn new() -> io::Result<Interrupts> {
        signals::receiver(&[Signal::INT, Signal::TERM]).map(Interrupts)
    }

    /// Calls the function at the first signal. The second signal then has its usual effect, and ends the
    /// program at once. Returns only with an error.
    pub(crate) async fn on_first<T>(mut self, stop: impl FnOnce()) -> io::Result<T> {
        self.0.receive().await?;
        self.0.close();
        stop();
        anyrt::sleep_forever().await
    }
}
