//! [`SignalReceiver`] on Windows.
//!
//! Handlers can set flags, but not wake a reactor without `unsafe` code. So a receiver checks its flags on a timer.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::Signal;
use super::flags::Registered;
use crate::engine::{FallibleOperation, LazyTimer, Wait, WaitDetail, poll_state};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::Descriptors;

/// The interval at which a receiver that waits checks whether a signal has arrived.
const INTERVAL: Duration = Duration::from_millis(50);

/// Opens a receiver for these signals. After it returns, no signal is missed.
///
/// While a receiver is open, its signals have no other effect on the process, except that handlers that were
/// installed before are called too.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) without a signal; [`Unsupported`](io::ErrorKind::Unsupported) in a
/// simulation; otherwise the error of the operating system. After an error nothing is changed.
pub fn receiver<R: Descriptors>(signals: &[Signal]) -> io::Result<SignalReceiver<R>> {
    let mut distinct = Vec::new();
    for signal in signals {
        if !distinct.contains(signal) {
            distinct.push(*signal);
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
    let registered = distinct.iter().map(|signal| Registered::new(*signal));
    let names: Vec<_> = distinct.iter().map(|signal| signal.name()).collect();
    Ok(SignalReceiver {
        registered: registered.collect::<io::Result<_>>()?,
        first: 0,
        timer: Box::pin(LazyTimer::new()),
        due: None,
        names: names.join(" or ").into(),
        signals: distinct,
    })
}

/// A receiver for signals that are sent to this process; [`receiver`] opens it.
///
/// - Every receiver in the process gets each signal, in any task or run, within 50 ms.
/// - A signal that arrives several times before it is received is received at least once.
/// - Different signals that arrived before the same call are received in turn.
/// - Dropping the receiver closes it. When the last receiver of a signal in the process is closed, the signal ends
///   the process, with the status 0xC000013A.
/// - As a [`Stream`] it yields the same signals, does not observe cancellation, and never ends.
pub struct SignalReceiver<R: Descriptors> {
    registered: Vec<Registered>,
    /// The index of the signal to check first.
    first: usize,
    timer: Pin<Box<LazyTimer<R>>>,
    /// When the flags are checked again, if a task waits.
    due: Option<Instant>,
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
    /// None on Windows.
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
                received.map(Ok)
            })
        })
    }

    /// Closes the receiver. Dropping it has the same effect.
    pub fn close(self) {}

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Signal> {
        // Each round but the last waits for the timer.
        loop {
            if let Some(signal) = self.arrived() {
                self.due = None;
                return Poll::Ready(signal);
            }
            let due = *self.due.get_or_insert_with(|| R::now() + INTERVAL);
            ready!(self.timer.as_mut().poll(cx, due));
            self.due = None;
        }
    }

    /// Takes the next signal that has arrived.
    fn arrived(&mut self) -> Option<Signal> {
        let count = self.registered.len();
        let mut indices = (self.first..self.first + count).map(|index| index % count);
        let index = indices.find(|index| self.registered[*index].take())?;
        self.first = index + 1;
        Some(self.signals[index])
    }
}

impl<R: Descriptors> Stream for SignalReceiver<R> {
    type Item = io::Result<Signal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_receive(cx).map(|signal| Some(Ok(signal)))
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
