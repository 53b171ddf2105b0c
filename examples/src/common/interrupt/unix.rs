use std::io;

use anyrt::signals::{self, Signal, SignalReceiver};

/// Receives Ctrl-C and SIGTERM.
pub(crate) struct Interrupts(SignalReceiver);

impl Interrupts {
    pub(crate) fn new() -> io::Result<Interrupts> {
        signals::receiver(&[Signal::INT, Signal::TERM]).map(Interrupts)
    }

    /// Calls the function at the first signal. The second then has its usual effect, and ends the program at
    /// once. Does not return, except with an error.
    pub(crate) async fn on_first<T>(mut self, stop: impl FnOnce()) -> io::Result<T> {
        self.0.receive().await?;
        self.0.close();
        stop();
        anyrt::sleep_forever().await
    }
}
