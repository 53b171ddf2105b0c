//! Systems without `anyrt::signals`.

use std::io;

/// A placeholder for signals: on this system, Ctrl-C ends the program at once.
pub(crate) struct Interrupts;

impl Interrupts {
    pub(crate) fn new() -> io::Result<Interrupts> {
        Ok(Interrupts)
    }

    /// Waits forever: there is no signal to receive.
    pub(crate) async fn on_first<T>(self, _stop: impl FnOnce()) -> io::Result<T> {
        anyrt::sleep_forever().await
    }
}
