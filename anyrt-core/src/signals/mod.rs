//! Signals of the operating system.
//!
//! [`Signal`] names a signal, and is also used to send signals to processes. With the feature `signals`,
//! `receiver` opens a receiver for signals that are sent to this process.
//!
//! # The path of a signal
//!
//! ```text
//!   signal ──▶ handler (signal-hook) ──▶ a pipe per receiver and signal ──▶ Source ──▶ receive
//! ```
//!
//! 1. Each receiver has its own pipes, so every receiver gets each signal (rule S2).
//! 2. A handler stays installed until the process ends. When the last receiver of a signal is closed, the
//!    handler has the effect that the signal had before the first was opened (rule S6).
//! 3. Signals are delivered to a process, so receivers are counted in a static (rule S8).

#[cfg(feature = "signals")]
mod os;
#[cfg(feature = "signals")]
mod receive;
mod signal;

#[cfg(feature = "signals")]
pub use self::receive::{SignalReceiver, receiver};
pub use self::signal::Signal;
