use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::branches::Branches;

/// Runs futures side by side and gives their outputs as they complete.
///
/// # Cancel safety
///
/// Leaving the stream early drops the futures that are left, without clean-up code. Taking the
/// next output is cancel safe.
///
/// # Panics
///
/// If there is no future at all. A panic of one of the futures cancels the others, waits for
/// them, and continues where the next output is taken.
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    let mut branches = Branches::new();
    for (index, future) in futures.into_iter().enumerate() {
        branches.push(index, future);
    }
    assert!(
        !branches.is_empty(),
        "`as_completed` needs at least one future"
    );
    AsCompleted { branches }
}

/// The outputs of several futures, in the order of completion; what [`as_completed`] returns.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F: Future> {
    branches: Branches<F>,
}

impl<F: Future> AsCompleted<F> {
    /// The next output; none once all have been given.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no output is lost.
    #[expect(clippy::should_implement_trait, reason = "called as on every stream")]
    pub fn next(&mut self) -> NextCompleted<'_, F> {
        NextCompleted { completed: self }
    }
}

// Branches are pinned on the heap, each by itself.
impl<F: Future> Unpin for AsCompleted<F> {}

impl<F: Future> Stream for AsCompleted<F> {
    type Item = F::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let next = self.get_mut().branches.poll_next(cx);
        next.map(|next| next.map(|(_, output)| output))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.branches.len(), Some(self.branches.len()))
    }
}

impl<F: Future> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("branches", &self.branches)
            .finish()
    }
}

/// The future of [`AsCompleted::next`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct NextCompleted<'a, F: Future> {
    completed: &'a mut AsCompleted<F>,
}

impl<F: Future> Future for NextCompleted<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.completed).poll_next(cx)
    }
}
