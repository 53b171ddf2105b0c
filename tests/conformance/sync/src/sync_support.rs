//! Helpers for the cases about synchronisation.

use std::convert::Infallible;

use anyrt_core::runtime::Runtime;
use anyrt_core::task::task_group;

use crate::cancel_everywhere::Cut;
use crate::support::yields;

/// Cuts the operation while another task holds the resource that it waits for, and releases it after a
/// while.
pub(super) async fn contested<R: Runtime, F: Future>(
    cut: &Cut<R>,
    held: impl Send + 'static,
    operation: F,
) -> Option<F::Output> {
    let group = task_group::<R, Infallible, _, _>(async |tg| {
        tg.spawn(async move {
            yields(3).await;
            drop(held);
        });
        Ok(cut.apply(operation).await)
    });
    group.await.expect("nothing fails or is cancelled")
}
