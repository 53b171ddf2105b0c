use std::io;

/// Stands for the signals that `anyrt::signals` does not have on this system: Ctrl-C ends the program at once.
pub(crate) struct Interrupts;

impl Interrupts {
    pub(crate) fn new() -> io::Result<Interrupts> {
        Ok(Interrupts)
    }

    /// Does not return.
    pub(crate) async fn on_first<T>(self, _stop: impl FnOnce()) -> io::Result<T> {
        anyrt::sleep_forever().await
    }
}
