//! Systems that cannot read only the bytes that they have in memory.

use crate::stream::file::engine::ReadCached;

/// `None`: the system cannot read only what it has in memory.
pub(crate) const READ_CACHED: Option<ReadCached> = None;
