//! [`SignalReceiver`].

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Signal;
use super::os::{Pipes, Registered, refuse_unreceivable};
use crate::engine::{FallibleOperation, Wait, WaitDetail, poll_state};
use crate::loom::Arc;
use crate::runtime::Descriptors;

/// Opens a receiver for these signals. After it returns, no signal is missed.
///
/// While a receiver is open, its signals have no other effect on the process, except that handlers that were
/// installed before are called too.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) without a signal, or for one that cannot be received;
/// [`Unsupported`](io::ErrorKind::Unsupported) in a simulation; otherwise the error of the operating system, or that
/// there is no runtime. After an error nothing is changed.
pub fn receiver<R: Descriptors>(signals: &[Signal]) -> io::Result<SignalReceiver<R>> {
    let mut distinct = Vec::new();
    for &signal in signals {
        refuse_unreceivable(signal)?;
        if !distinct.contains(&signal) {
            distinct.push(signal);
        }
    }
    if distinct.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a receiver needs at least one signal",
        ));
    }
    R::check().map_err(|error| {
        let text = format!(
            "cannot receive signals: {error}; a stream or an event, which the test sends to or sets, can stand \
             for a signal"
        );
        io::Error::new(error.kind(), text)
    })?;
    let (pipes, writers) = Pipes::open(distinct.len())?;
    let registered = distinct.iter().zip(writers);
    let registered = registered.map(|(&signal, writer)| Registered::new(signal, writer));
    let names: Vec<_> = distinct.iter().map(|signal| signal.name()).collect();
    Ok(SignalReceiver {
        registered: registered.collect::<io::Result<_>>()?,
        pipes,
        names: names.join(" or ").into(),
        signals: distinct,
    })
}

/// A receiver for signals that are sent to this process; [`receiver`] opens it.
///
/// - Every receiver in the process gets each signal, in any task or run.
/// - A signal that arrives several times before it is received is received at least once.
/// - On Linux, different signals are received in order of arrival. On other systems, signals that arrived
///   before the same call are received in turn.
/// - Dropping the receiver closes it. When the last receiver of a signal in the process is closed, the signal
///   has the same effect again as before the first was opened: by default SIGTERM ends the process, with the
///   status for that signal. A program that closes its receiver after the first Ctrl-C is ended by the
///   second.
/// - As a [`Stream`] it yields the same signals, does not observe cancellation, and never ends.
///
/// # Limits
///
/// - The effect that a signal had before is read from `/proc`. Where that is missing, as on macOS, the
///   default action is assumed, so a signal that was ignored before ends the process once it is no longer
///   received.
/// - Code that starts to listen by other means while a receiver is open, such as `tokio::signal`, and
///   continues after the receiver was closed, does not suppress the default action: keep a receiver open
///   there.
/// - Programs that are started while a receiver is open get the default action for its signals; signals that
///   the process otherwise ignores stay ignored in them.
pub struct SignalReceiver<R: Descriptors> {
    // Dropped first, so that no signal is written to pipes without a reader.
    registered: Vec<Registered>,
    pipes: Pipes<R::Source>,
    signals: Vec<Signal>,
    names: Arc<str>,
}

impl<R: Descriptors> SignalReceiver<R> {
    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, no signal was received.
    ///
    /// # Errors
    ///
    /// The error of the operating system, or of the runtime if it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::signals::{Signal, receiver};
    ///
    /// # anyrt::run(async {
    /// let mut signals = receiver(&[Signal::USR1])?;
    /// # signal_hook::low_level::raise(Signal::USR1.as_raw())?;
    /// assert_eq!(signals.receive().await?, Signal::USR1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn receive(&mut self) -> impl Future<Output = io::Result<Signal>> + Send {
        let mut operation = FallibleOperation::new();
        let mut shown = None;
        poll_fn(move |cx| {
            operation.poll(cx, |cx| {
                let received = self.poll_receive(cx);
                shown = match received {
                    Poll::Ready(_) => None,
                    Poll::Pending => {
                        poll_state::waits_for(Wait::Signal);
                        WaitDetail::of_current(&self.names)
                    }
                };
                received
            })
        })
    }

    /// Closes the receiver. Dropping it has the same effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::signals::{Signal, receiver};
    ///
    /// # anyrt::run(async {
    /// let first = receiver(&[Signal::USR2])?;
    /// let mut second = receiver(&[Signal::USR2])?;
    /// first.close();
    /// # signal_hook::low_level::raise(Signal::USR2.as_raw())?;
    /// assert_eq!(second.receive().await?, Signal::USR2, "the other one still works");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn close(self) {}

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        let received = self.pipes.poll_next(cx);
        received.map_ok(|index| self.signals[index])
    }
}

impl<R: Descriptors> Stream for SignalReceiver<R> {
    type Item = io::Result<Signal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_receive(cx).map(Some)
    }
}

impl<R: Descriptors> fmt::Debug for SignalReceiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalReceiver")
            .field("signals", &self.signals)
            .field("registered", &self.registered.len())
            .finish()
    }
}
