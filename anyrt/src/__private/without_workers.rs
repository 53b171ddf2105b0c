//! Where there are no worker processes, the macros have nothing to set up.

/// Does nothing.
#[inline]
pub fn serve() {}

/// Does nothing.
#[inline]
pub fn serve_in_test(_path: &str) {}
