use crate::stream::file::engine::ReadCached;

/// The system does not say what it has in memory.
pub(crate) const READ_CACHED: Option<ReadCached> = None;
