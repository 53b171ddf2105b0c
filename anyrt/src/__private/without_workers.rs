//! Replacements for the set-up of worker processes, on systems and with features without them.

/// Does nothing.
#[inline]
pub fn serve() {}

/// Does nothing.
#[inline]
pub fn serve_in_test(_path: &str) {}
