//! [`TaskSpan`].

use tracing::Span;

use crate::loom::Arc;

/// The span of a task. It is shared by the record and by the guards of polls, so that the subscriber sees no
/// clones of it.
pub(crate) type TaskSpan = Option<Arc<Span>>;
