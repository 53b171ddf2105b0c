//! Signals of the operating system.
//!
//! With the feature `signals`, a receiver gets the signals that are sent to this process.

#[cfg(feature = "signals")]
mod receive;

#[cfg(feature = "signals")]
pub use self::receive::{SignalReceiver, receiver};
pub use anyrt_core::signals::Signal;
