//! Connecting by TCP and to Unix sockets.
//!
//! | file | contents |
//! | --- | --- |
//! | `tcp` | [`connect_tcp`], and [`TcpConnector`] for its options |
//! | `unix` | `connect_unix` |
//! | `attempt` | one attempt to connect, for both |
//! | `happy_eyeballs`, `interleave` | several attempts, and the order of their addresses |
//! | `error` | the error with all attempts |
//! | `connectable` | targets as values: [`Connectable`] and its implementations |
//!
//! An attempt is an operation that owns its socket, so that dropping it closes the socket. Errors are
//! `io::Error`s with a [`LookupError`](super::LookupError) or a [`ConnectError`] inside; the latter has each
//! address with its error.

mod attempt;
mod connectable;
mod error;
mod happy_eyeballs;
mod interleave;
mod tcp;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use self::connectable::UnixConnectable;
pub use self::connectable::{
    BoxedStreams, BufferedConnectable, Connectable, IntoConnectable, TcpConnectable,
    TextConnectable, as_connectable,
};
pub use self::error::{ConnectError, FailedAttempt};
pub use self::happy_eyeballs::{ATTEMPT_DELAY, HappyEyeballs, happy_eyeballs};
pub use self::interleave::interleave;
pub use self::tcp::{TcpConnector, connect_tcp};
#[cfg(unix)]
pub use self::unix::{ConnectUnix, connect_unix};
