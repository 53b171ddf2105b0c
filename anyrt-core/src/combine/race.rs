//! The first output or value; the other futures are cancelled.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::branches::{Branches, Next};
use super::inputs::Race;
use crate::error::GroupError;
use crate::runtime::Spawn;

/// Runs futures concurrently and returns the output of the first that completes. The others are cancelled,
/// *and waited for*, including their clean-up.
///
/// That makes it safer than `select!`, which drops them. If several are ready at once, the choice is random.
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Panics
///
/// If there are no futures; and with the panic of a future, once the others have ended.
pub fn race<R: Spawn, F: Race>(futures: F) -> RaceFuture<F> {
    let futures = futures.into_branches();
    assert!(!futures.is_empty(), "a race needs at least one future");
    let mut branches = Branches::new();
    let first = R::choose(futures.len());
    let mut futures: Vec<_> = futures.into_iter().enumerate().collect();
    futures.rotate_left(first);
    for (index, future) in futures {
        branches.push(index, future);
    }
    RaceFuture {
        branches,
        winner: None,
    }
}

/// The future of [`race`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RaceFuture<F: Race> {
    branches: Branches<F::Branch>,
    winner: Option<F::Output>,
}

// Each branch is pinned on the heap.
impl<F: Race> Unpin for RaceFuture<F> {}

impl<F: Race> Future for RaceFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let winner = &mut this.winner;
        ready!(this.branches.drive(cx, |_, output| {
            winner.get_or_insert_with(|| F::unify(output));
            Next::CancelRest
        }));
        Poll::Ready(
            this.winner
                .take()
                .expect("the branches end when one has won"),
        )
    }
}

impl<F: Race> fmt::Debug for RaceFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceFuture")
            .field("branches", &self.branches)
            .finish_non_exhaustive()
    }
}

/// Runs futures concurrently and returns the first value. The others are then cancelled, and waited for. Errors
/// are only returned if there is no value (rule [G10](crate::rules#g10)).
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Errors
///
/// [`GroupError::Failed`] with all errors, if every future fails.
///
/// # Panics
///
/// As [`race`].
pub fn race_ok<I, T, E>(futures: I) -> RacingOk<I::Item, T, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    let mut branches = Branches::new();
    for (index, future) in futures.into_iter().enumerate() {
        branches.push(index, future);
    }
    assert!(!branches.is_empty(), "a race needs at least one future");
    RacingOk {
        branches,
        winner: None,
        errors: Vec::new(),
    }
}

/// The future of [`race_ok`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct RacingOk<F: Future, T, E> {
    branches: Branches<F>,
    winner: Option<T>,
    errors: Vec<E>,
}

// Each branch is pinned on the heap.
impl<F: Future, T, E> Unpin for RacingOk<F, T, E> {}

impl<F: Future<Output = Result<T, E>>, T, E> Future for RacingOk<F, T, E> {
    type Output = Result<T, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (winner, errors) = (&mut this.winner, &mut this.errors);
        ready!(this.branches.drive(cx, |_, output| match output {
            Ok(value) => {
                winner.get_or_insert(value);
                Next::CancelRest
            }
            Err(error) => {
                errors.push(error);
                Next::Wait
            }
        }));
        Poll::Ready(match this.winner.take() {
            Some(value) => Ok(value),
            None => Err(GroupError::failed(std::mem::take(&mut this.errors))),
        })
    }
}

impl<F: Future, T, E> fmt::Debug for RacingOk<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RacingOk")
            .field("branches", &self.branches)
            .finish_non_exhaustive()
    }
}
