//! Ctrl-C and SIGTERM.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use self::other::Interrupts;
#[cfg(unix)]
pub(crate) use self::unix::Interrupts;
