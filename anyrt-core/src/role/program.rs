//! Without the feature `to_process`, every process is a program.

/// Does nothing.
pub(crate) fn check_before_run() {}
