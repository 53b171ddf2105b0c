//! The receiver of signals.

use std::io;

use anyrt_core::signals::{self, Signal};

use crate::Ambient;

/// A receiver of signals that are sent to this process; [`receiver`] opens it.
///
/// - Every receiver in the process gets each signal, in every task and run.
/// - A signal that is sent several times before it is received is received at least once.
/// - On Linux, different signals are received in the order of their arrival. On other systems, signals
///   that arrived before the same call are received in turn.
/// - Dropping the receiver closes it. When the last receiver of a signal in the process is closed, the
///   effect of the signal is the same as before the first was opened: by default, SIGTERM ends the
///   process, with the corresponding status.
pub type SignalReceiver = signals::SignalReceiver<Ambient>;

/// Opens a receiver for these signals. No signal is missed after it has returned.
///
/// While a receiver is open, its signals have no other effect on the process, except that handlers
/// installed earlier are called too.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if no signal is given, or one that no process can
///   receive this way: SIGKILL, SIGSTOP, SIGILL, SIGFPE, SIGSEGV. Nothing was changed then.
/// - The error of the operating system, or that there is no runtime. Changes are undone then.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::signals::{self, Signal};
///
/// let signal = anyrt::run(async {
///     let mut signals = signals::receiver(&[Signal::USR1])?;
///     # signal_hook::low_level::raise(Signal::USR1.as_raw())?;
///     signals.receive().await
/// });
/// assert_eq!(signal.unwrap(), Signal::USR1);
/// ```
///
/// A service that shuts down gracefully at the first signal, and ends at once at the second:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::CancelScope;
/// use anyrt::signals::{self, Signal};
///
/// # async fn serve() { signal_hook::low_level::raise(2).unwrap(); anyrt::sleep_forever().await }
/// let ended = anyrt::run(async {
///     let mut signals = signals::receiver(&[Signal::INT, Signal::TERM])?;
///     let scope = CancelScope::new();
///     let stop = scope.handle();
///     let listen = async move {
///         let signal = signals.receive().await?;
///         // The next signal has its usual effect.
///         signals.close();
///         stop.cancel_with(signal.name());
///         Ok::<_, std::io::Error>(())
///     };
///     let (listened, ended) = anyrt::gather((listen, scope.run(serve()))).await;
///     listened.map(|()| ended)
/// });
/// assert_eq!(ended.unwrap().unwrap_err().reason(), Some("SIGINT"));
/// ```
pub fn receiver(signals: &[Signal]) -> io::Result<SignalReceiver> {
    signals::receiver(signals)
}
