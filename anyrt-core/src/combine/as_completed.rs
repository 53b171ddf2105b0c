//! Outputs in the order of completion.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::branches::Branches;

/// Runs futures concurrently and returns a stream of their outputs as they complete.
///
/// # Cancel safety
///
/// Dropping the stream early drops the remaining futures, without clean-up code. Awaiting the next output is
/// cancel safe.
///
/// # Panics
///
/// If there are no futures; and with the panic of a future, where the next output is awaited, once the others
/// have ended.
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

/// The outputs of several futures, in the order of completion. Returned by [`as_completed`].
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F: Future> {
    branches: Branches<F>,
}

impl<F: Future> AsCompleted<F> {
    /// Returns the next output, or `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no output is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let after = |ms| async move {
    ///     anyrt::sleep(Duration::from_millis(ms)).await;
    ///     ms
    /// };
    /// let mut outputs = anyrt::as_completed([after(20), after(1)]);
    /// let mut found = Vec::new();
    /// while let Some(output) = outputs.next().await {
    ///     found.push(output);
    /// }
    /// assert_eq!(found, [1, 20]);
    /// # });
    /// ```
    #[expect(clippy::should_implement_trait, reason = "called as on every stream")]
    pub fn next(&mut self) -> NextCompleted<'_, F> {
        NextCompleted { completed: self }
    }
}

// Each branch is pinned on the heap.
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
