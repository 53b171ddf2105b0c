//! Ctrl-C and SIGTERM.

#[cfg(not(any(unix, windows)))]
mod other;
#[cfg(any(unix, windows))]
mod signals;

#[cfg(not(any(unix, windows)))]
pub(crate) use self::other::Interrupts;
#[cfg(any(unix, windows))]
pub(crate) use self::signals::Interrupts;
