//! The span of a task, for the crate `tracing`.

use super::Record;
use crate::engine::trace::TaskSpan;
use crate::loom::atomic::Ordering;
use crate::loom::{Arc, lock};

/// In `Record::state`: a subscriber wants the span of the task. Set before the task is polled; never cleared.
const HAS_SPAN: u16 = 1 << 1;

impl Record {
    /// Stores the span until the end of the task.
    pub(crate) fn set_span(&self, span: Arc<tracing::Span>) {
        let old = self.change(|live, state| {
            let more = live.more.get_or_insert_default();
            (state | HAS_SPAN, more.span.replace(span))
        });
        drop(old);
    }

    /// Returns whether the task was given a span.
    #[inline]
    pub(crate) fn has_span(&self) -> bool {
        self.state.load(Ordering::Relaxed) & HAS_SPAN != 0
    }

    /// Returns the span, or `None` if the task has ended.
    pub(crate) fn span(&self) -> TaskSpan {
        lock(&self.live).more.as_ref()?.span.clone()
    }
}
