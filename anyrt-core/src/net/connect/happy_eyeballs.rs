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

/// The delay between two attempts that RFC 8305 recommends.
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Tries addresses one after another, side by side, and gives the first success: happy eyeballs
/// (RFC 8305, section 5).
///
/// An attempt begins when `delay` has passed since the one before it began, or as soon as that
/// one has failed. The first success wins. The others are cancelled then *and waited for*,
/// clean-up included; so they are closed when this returns, one that succeeded in the same
/// instant too. Everything runs in place, inside the task that awaits it.
///
/// A `delay` of zero begins all attempts at once; [`Duration::MAX`] waits for the failure of one
/// before it begins the next. The addresses are tried in the order in which they are given; see
/// [`interleave`](crate::net::interleave).
///
/// This is for connections of other kinds, or attempts that go further, such as those that end
/// with a handshake. [`connect_tcp`](crate::net::connect_tcp) does it for TCP.
///
/// # Cancel safety
///
/// Dropping it drops the attempts, without clean-up code; it connects nothing then.
///
/// # Errors
///
/// [`ConnectError`] with the error of each attempt, if all fail, or if there is no address.
///
/// # Panics
///
/// A panic of one of the attempts cancels the others, waits for them, and continues.
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
    /// How many attempts have begun.
    begun: usize,
    /// When the next one begins; at once, if there is no such time.
    due: Option<Instant>,
    delay: Duration,
    attempt: F,
    branches: Branches<Fut>,
    #[pin]
    timer: LazyTimer<R>,
    /// The errors, with the numbers of the attempts.
    errors: Vec<(usize, io::Error)>,
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
        loop {
            let (begun, due) = (*this.begun, &mut *this.due);
            let (winner, errors) = (&mut *this.winner, &mut *this.errors);
            let mut ended = false;
            let driven = this.branches.drive_some(cx, |number, outcome| {
                ended = true;
                match outcome {
                    Ok(value) => {
                        // A second value is dropped here: it lost in the same instant.
                        winner.get_or_insert(value);
                        Next::CancelRest
                    }
                    Err(error) => {
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
            // By a success, or by a panic.
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
