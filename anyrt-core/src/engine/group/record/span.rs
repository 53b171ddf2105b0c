//! The span of a task, for the crate `tracing`.

use super::{HAS_SPAN, Record};
use crate::engine::trace::TaskSpan;
use crate::loom::{Arc, lock};

impl Record {
    /// Stores the span until the end of the task.
    pub(crate) fn set_span(&self, span: Arc<tracing::Span>) {
        let old = self.change(|live, state| {
            let more = live.more.get_or_insert_default();
            (state | HAS_SPAN, more.span.replace(span))
        });
        drop(old);
    }

    /// Returns the span, or `None` if the task has ended.
    pub(crate) fn span(&self) -> TaskSpan {
        lock(&self.live).more.as_ref()?.span.clone()
    }
}
