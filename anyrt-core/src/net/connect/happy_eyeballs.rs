//! Happy eyeballs: several attempts to connect, staggered, of which the first success wins.
//!
//! The attempts are branches in place, like those of `race`: a branch is added when the delay has passed or
//! the latest one has failed, a success cancels the others, and all have ended on return.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;

use super::ConnectError;
use crate::combine::branches::{Branches, Next};
use crate::engine::{LazyTimer, Wait, poll_state};
use crate::instant::Instant;
use crate::runtime::Time;

/// The delay between two attempts that RFC 8305 recommends: 250 ms.
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Tries addresses in staggered, concurrent attempts, and returns the first success: happy eyeballs
/// (RFC 8305, section 5).
///
/// An attempt begins when `delay` has passed since the previous one began, or as soon as the previous
/// one has failed. The first success wins. The other attempts are then cancelled *and waited for*,
/// including their clean-up. So they are closed when this returns, even one that succeeded at the same
/// moment. All attempts run in place, inside the awaiting task.
///
/// A `delay` of zero begins all attempts at once. With [`Duration::MAX`], an attempt begins only when the
/// previous one has failed. The addresses are tried in the given order; see
/// [`interleave`](crate::net::interleave).
///
/// This function is for other kinds of connections, or for attempts that include more, such as a
/// handshake. For TCP, use [`connect_tcp`](crate::net::connect_tcp).
///
/// # Cancel safety
///
/// If the future is dropped, the attempts are dropped without running their asynchronous clean-up, and
/// nothing is connected.
///
/// # Errors
///
/// A [`ConnectError`] with the error of each attempt, if all fail or there is no address.
///
/// # Panics
///
/// If an attempt panics, the others are cancelled and waited for, and the panic is resumed.
pub fn happy_eyeballs<R, F, Fut, T>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    delay: Duration,
    attempt: F,
) -> HappyEyeballs<R, F, Fut, T>
where
    R: Time,
    F: FnMut(SocketAddr) -> Fut,
    Fut: Future<Output = io::Result<T>>,
{
    HappyEyeballs {
        addresses: addresses.into_iter().collect(),
        begun: 0,
        due: None,
        delay,
        attempt,
        branches: Branches::new(),
        timer: LazyTimer::new(),
        errors: Vec::new(),
        winner: None,
    }
}

/// The future of [`happy_eyeballs`].
#[pin_project]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct HappyEyeballs<R: Time, F, Fut: Future, T> {
    addresses: Vec<SocketAddr>,
    /// The number of attempts that have begun.
    begun: usize,
    /// When the next attempt begins; `None`: at once.
    due: Option<Instant>,
    delay: Duration,
    attempt: F,
    branches: Branches<Fut>,
    #[pin]
    timer: LazyTimer<R>,
    /// The errors of failed attempts, each with the number of its attempt.
    errors: Vec<(usize, io::Error)>,
    /// The first success.
    winner: Option<T>,
}

impl<R, F, Fut, T> Future for HappyEyeballs<R, F, Fut, T>
where
    R: Time,
    F: FnMut(SocketAddr) -> Fut,
    Fut: Future<Output = io::Result<T>>,
{
    type Output = Result<T, ConnectError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // Each round drives the attempts, then starts the next one if it is due. Rounds repeat while an attempt
        // has ended or begun, which happens once for each address.
        loop {
            let (begun, due) = (*this.begun, &mut *this.due);
            let (winner, errors) = (&mut *this.winner, &mut *this.errors);
            let mut ended = false;
            let driven = this.branches.drive_some(cx, |number, outcome| {
                ended = true;
                match outcome {
                    Ok(value) => {
                        // A second value is dropped here: it succeeded at the same moment and lost.
                        winner.get_or_insert(value);
                        Next::CancelRest
                    }
                    Err(error) => {
                        // The latest attempt has failed: the next one need not wait.
                        if number + 1 == begun {
                            *due = None;
                        }
                        errors.push((number, error));
                        Next::Wait
                    }
                }
            });
            if ended {
                continue;
            }
            // A success or a panic has cancelled the rest: no more attempts begin.
            let decided = this.branches.is_cancelled();
            let next = this.addresses.get(begun).filter(|_| !decided);
            match next {
                Some(address) if has_come(this.timer.as_mut(), *this.due, cx) => {
                    this.branches.push(begun, (this.attempt)(*address));
                    *this.begun += 1;
                    let more = *this.begun < this.addresses.len() && !this.delay.is_zero();
                    *this.due = more.then(|| R::now() + *this.delay);
                }
                None if driven.is_ready() => {
                    return Poll::Ready(match this.winner.take() {
                        Some(value) => Ok(value),
                        None => Err(ConnectError::new(this.addresses, this.errors)),
                    });
                }
                Some(_) | None => {
                    poll_state::waits_for(Wait::Connection);
                    return Poll::Pending;
                }
            }
        }
    }
}

/// Returns whether the time of the next attempt has come, and otherwise sets the timer.
fn has_come<R: Time>(
    timer: Pin<&mut LazyTimer<R>>,
    due: Option<Instant>,
    cx: &mut Context<'_>,
) -> bool {
    due.is_none_or(|due| timer.poll(cx, due).is_ready())
}

impl<R: Time, F, Fut: Future, T> fmt::Debug for HappyEyeballs<R, F, Fut, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HappyEyeballs")
            .field("addresses", &self.addresses)
            .field("begun", &self.begun)
            .field("branches", &self.branches)
            .finish_non_exhaustive()
    }
}
