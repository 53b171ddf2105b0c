//! Concurrent maps with a limit.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::branches::{Branches, Next};
use super::gather::complete;
use crate::error::GroupError;

/// Calls `f` for each item and runs at most `limit` of the futures at a time. Returns the outputs in the order
/// of the items.
///
/// Items are taken from the iterator only when a future can start.
///
/// # Cancel safety
///
/// As [`gather`](super::gather()). The remaining items are dropped, too.
///
/// # Panics
///
/// If `limit` is zero. A panic of one of the futures, of `f` or of the iterator cancels the others,
/// waits for them, and continues.
pub fn map_concurrent<I, F, Fut>(limit: usize, items: I, f: F) -> MapConcurrent<I::IntoIter, F, Fut>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future,
{
    MapConcurrent {
        feed: Feed::new(limit, items.into_iter(), f),
        outputs: Vec::new(),
    }
}

/// The running futures, and the items to start more of them from.
struct Feed<I, F, Fut: Future> {
    limit: usize,
    /// `None` after the last item, or when no more items are needed.
    items: Option<I>,
    f: F,
    branches: Branches<Fut>,
    started: usize,
}

impl<I: Iterator, F: FnMut(I::Item) -> Fut, Fut: Future> Feed<I, F, Fut> {
    fn new(limit: usize, items: I, f: F) -> Self {
        assert!(
            limit > 0,
            "the limit of concurrent futures must be at least 1"
        );
        Feed {
            limit,
            items: Some(items),
            f,
            branches: Branches::new(),
            started: 0,
        }
    }

    /// Starts futures up to the limit and polls them, until all have ended or none makes progress.
    fn drive(
        &mut self,
        cx: &mut Context<'_>,
        mut event: impl FnMut(usize, Fut::Output) -> Next,
    ) -> Poll<()> {
        loop {
            if self.branches.is_cancelled() {
                // A panic or an event has cancelled the branches: no more items are needed.
                self.items = None;
            }
            while self.branches.len() < self.limit {
                let Some(items) = &mut self.items else { break };
                let next = AssertUnwindSafe(|| items.next().map(&mut self.f));
                match catch_unwind(next) {
                    Ok(Some(future)) => {
                        self.branches.push(self.started, future);
                        self.started += 1;
                    }
                    Ok(None) => self.items = None,
                    Err(payload) => {
                        self.branches.give_up(payload);
                        self.items = None;
                    }
                }
            }
            let mut ended = false;
            let driven = self.branches.drive_some(cx, |index, output| {
                ended = true;
                event(index, output)
            });
            match driven {
                Poll::Ready(()) if self.items.is_none() => return Poll::Ready(()),
                Poll::Pending if !ended => return Poll::Pending,
                _ => {}
            }
        }
    }
}

/// The future of [`map_concurrent`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct MapConcurrent<I, F, Fut: Future> {
    feed: Feed<I, F, Fut>,
    outputs: Vec<Option<Fut::Output>>,
}

// Each branch is pinned on the heap.
impl<I, F, Fut: Future> Unpin for MapConcurrent<I, F, Fut> {}

impl<I, F, Fut> Future for MapConcurrent<I, F, Fut>
where
    I: Iterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future,
{
    type Output = Vec<Fut::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let outputs = &mut this.outputs;
        let driven = this.feed.drive(cx, |index, output| {
            put(outputs, index, output);
            Next::Wait
        });
        driven.map(|()| complete(&mut this.outputs))
    }
}

fn put<T>(places: &mut Vec<Option<T>>, index: usize, value: T) {
    if places.len() <= index {
        places.resize_with(index + 1, || None);
    }
    places[index] = Some(value);
}

impl<I, F, Fut: Future> fmt::Debug for MapConcurrent<I, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapConcurrent")
            .field("limit", &self.feed.limit)
            .field("branches", &self.feed.branches)
            .finish_non_exhaustive()
    }
}

/// Runs futures as [`map_concurrent`] does, and returns all values. The first error cancels the rest, which are
/// waited for.
///
/// # Cancel safety
///
/// As [`map_concurrent`].
///
/// # Errors
///
/// [`GroupError::Failed`] with every error that occurred.
///
/// # Panics
///
/// As [`map_concurrent`].
pub fn try_map_concurrent<I, F, Fut, T, E>(
    limit: usize,
    items: I,
    f: F,
) -> TryMapConcurrent<I::IntoIter, F, Fut, T, E>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    TryMapConcurrent {
        feed: Feed::new(limit, items.into_iter(), f),
        values: Vec::new(),
        errors: Vec::new(),
    }
}

/// The future of [`try_map_concurrent`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct TryMapConcurrent<I, F, Fut: Future, T, E> {
    feed: Feed<I, F, Fut>,
    values: Vec<Option<T>>,
    errors: Vec<E>,
}

// Each branch is pinned on the heap.
impl<I, F, Fut: Future, T, E> Unpin for TryMapConcurrent<I, F, Fut, T, E> {}

impl<I, F, Fut, T, E> Future for TryMapConcurrent<I, F, Fut, T, E>
where
    I: Iterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (values, errors) = (&mut this.values, &mut this.errors);
        let driven = this.feed.drive(cx, |index, output| match output {
            Ok(value) => {
                put(values, index, value);
                Next::Wait
            }
            Err(error) => {
                errors.push(error);
                Next::CancelRest
            }
        });
        driven.map(|()| {
            if this.errors.is_empty() {
                Ok(complete(&mut this.values))
            } else {
                Err(GroupError::failed(std::mem::take(&mut this.errors)))
            }
        })
    }
}

impl<I, F, Fut: Future, T, E> fmt::Debug for TryMapConcurrent<I, F, Fut, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryMapConcurrent")
            .field("limit", &self.feed.limit)
            .field("branches", &self.feed.branches)
            .finish_non_exhaustive()
    }
}
