//! Connecting to Unix sockets.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project::pin_project;

use super::attempt::{Connecting, options};
use super::{ConnectError, FailedAttempt};
use crate::engine::{Wait, poll_state};
use crate::net::{Unix, UnixAddress, UnixStream};
use crate::runtime::Net;
use crate::time::{Sleep, sleep};

/// Connects to a Unix socket by its path or by a [`UnixAddress`].
///
/// It waits while the queue of the listener is full. Linux does not report when there is room again, so
/// the attempt is retried on a timer, after 1 ms at first and up to 20 ms later.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing stays
/// open.
///
/// # Errors
///
/// An error with a [`ConnectError`] inside:
///
/// - [`NotFound`](io::ErrorKind::NotFound) if the path does not exist;
/// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if the socket of the path is closed, or no
///   socket has the abstract name;
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for an unnamed address.
pub fn connect_unix<R: Net>(address: impl Into<UnixAddress>) -> ConnectUnix<R> {
    let address = address.into();
    ConnectUnix {
        connecting: Connecting::new(address.clone().into(), None, options::<Unix>(&[])),
        address,
        pause: None,
        length: SHORTEST_PAUSE,
    }
}

/// The future of [`connect_unix`].
#[pin_project]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ConnectUnix<R: Net> {
    address: UnixAddress,
    connecting: Connecting<R, Unix>,
    /// The pause until the next attempt, if the queue was full.
    #[pin]
    pause: Option<Sleep<R>>,
    /// The length of the next pause.
    length: Duration,
}

impl<R: Net> Future for ConnectUnix<R> {
    type Output = io::Result<UnixStream<R>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // Repeats once per pause, until an attempt gets a result other than that the queue is full.
        loop {
            if let Some(pause) = this.pause.as_mut().as_pin_mut() {
                if pause.poll(cx).is_pending() {
                    poll_state::waits_for(Wait::Connection);
                    return Poll::Pending;
                }
                this.pause.set(None);
            }
            match ready!(Pin::new(&mut *this.connecting).poll(cx)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    this.pause.set(Some(sleep(*this.length)));
                    *this.length = LONGEST_PAUSE.min(2 * *this.length);
                }
                Err(error) => {
                    let address = this.address.clone().into();
                    let attempts = vec![FailedAttempt { address, error }];
                    return Poll::Ready(Err(ConnectError { attempts }.into()));
                }
                Ok(stream) => return Poll::Ready(Ok(stream)),
            }
        }
    }
}

/// The first pause. It doubles with each retry.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause between two retries.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl<R: Net> fmt::Debug for ConnectUnix<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectUnix")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
