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
//! 1. Each receiver has its own pipes, so every receiver gets each signal (rule [S2](crate::rules#s2)). On Linux
//!    the pipes are in an edge-triggered `epoll`, whose ready list keeps the order of arrival; that descriptor is
//!    the `Source`.
//! 2. A pipe is emptied before its signal is delivered, so that a signal that arrives later is received again
//!    (rule [S3](crate::rules#s3)).
//! 3. `signal-hook` never uninstalls a handler. So the first receiver of a signal reads the current disposition.
//!    If that is the default action, the handler performs it whenever no receiver is open (rule
//!    [S6](crate::rules#s6)).
//! 4. On Windows the handler sets a flag instead, which the receiver checks on a timer, and the default action is
//!    to end the process.
//! 5. Signals are delivered to a process, so receivers are counted in a static (rule [S8](crate::rules#s8)).

#[cfg(windows)]
#[path = "windows/flags.rs"]
mod flags;
#[cfg(all(feature = "signals", unix))]
mod os;
#[cfg(all(feature = "signals", unix))]
mod receive;
#[cfg(windows)]
#[path = "windows/receive.rs"]
mod receive;
#[cfg(unix)]
mod signal;
#[cfg(windows)]
#[path = "windows/signal.rs"]
mod signal;

#[cfg(feature = "signals")]
pub use self::receive::{SignalReceiver, receiver};
pub use self::signal::Signal;
