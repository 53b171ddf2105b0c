//! All outputs, in the order of the inputs.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::branches::{Branches, Next};
use super::inputs::{Gather, IntoBranches, TryGather};
use crate::error::GroupError;

/// Runs futures concurrently and returns all outputs, in the order of the inputs.
///
/// An output that is an `Err` cancels nothing; see [`try_gather`].
///
/// # Cancel safety
///
/// Dropping it drops the futures, without clean-up code.
///
/// # Panics
///
/// With the panic of a future, once the others have ended.
pub fn gather<F: Gather>(futures: F) -> GatherFuture<F> {
    let (branches, outputs) = open(futures);
    GatherFuture { branches, outputs }
}

type Opened<F, T> = (Branches<<F as IntoBranches>::Branch>, Vec<Option<T>>);

fn open<F: IntoBranches, T>(futures: F) -> Opened<F, T> {
    let mut branches = Branches::new();
    let mut places = Vec::new();
    for (index, future) in futures.into_branches().into_iter().enumerate() {
        branches.push(index, future);
        places.push(None);
    }
    (branches, places)
}

/// Takes the outputs that were stored; these are all, if nothing was cancelled.
pub(super) fn complete<T>(places: &mut Vec<Option<T>>) -> Vec<T> {
    std::mem::take(places).into_iter().flatten().collect()
}

/// The future of [`gather`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct GatherFuture<F: Gather> {
    branches: Branches<F::Branch>,
    outputs: Vec<Option<<F::Branch as Future>::Output>>,
}

// Each branch is pinned on the heap.
impl<F: Gather> Unpin for GatherFuture<F> {}

impl<F: Gather> Future for GatherFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let outputs = &mut this.outputs;
        ready!(this.branches.drive(cx, |index, output| {
            outputs[index] = Some(output);
            Next::Wait
        }));
        Poll::Ready(F::assemble(complete(&mut this.outputs)))
    }
}

impl<F: Gather> fmt::Debug for GatherFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherFuture")
            .field("branches", &self.branches)
            .finish_non_exhaustive()
    }
}

/// Runs futures as [`gather`] does, and returns all values. The first error cancels the rest, which are waited
/// for.
///
/// # Cancel safety
///
/// As [`gather`].
///
/// # Errors
///
/// [`GroupError::Failed`] with every error that occurred.
///
/// # Panics
///
/// As [`gather`].
pub fn try_gather<F: TryGather>(futures: F) -> TryGathering<F> {
    let (branches, values) = open(futures);
    TryGathering {
        branches,
        values,
        errors: Vec::new(),
    }
}

/// The future of [`try_gather`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct TryGathering<F: TryGather> {
    branches: Branches<F::Branch>,
    values: Vec<Option<F::Value>>,
    errors: Vec<F::Error>,
}

// Each branch is pinned on the heap.
impl<F: TryGather> Unpin for TryGathering<F> {}

impl<F: TryGather> Future for TryGathering<F> {
    type Output = Result<F::Output, GroupError<F::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (values, errors) = (&mut this.values, &mut this.errors);
        ready!(
            this.branches
                .drive(cx, |index, output| match F::split(output) {
                    Ok(value) => {
                        values[index] = Some(value);
                        Next::Wait
                    }
                    Err(error) => {
                        errors.push(error);
                        Next::CancelRest
                    }
                })
        );
        Poll::Ready(if this.errors.is_empty() {
            Ok(F::assemble(complete(&mut this.values)))
        } else {
            Err(GroupError::failed(std::mem::take(&mut this.errors)))
        })
    }
}

impl<F: TryGather> fmt::Debug for TryGathering<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGathering")
            .field("branches", &self.branches)
            .finish_non_exhaustive()
    }
}
