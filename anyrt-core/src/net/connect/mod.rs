//! Connecting.

mod connectable;
mod happy_eyeballs;
mod tcp;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use self::connectable::UnixConnectable;
pub use self::connectable::{
    BoxedStreams, BufferedConnectable, Connectable, IntoConnectable, TcpConnectable,
    TextConnectable, as_connectable,
};
pub use self::happy_eyeballs::{
    ATTEMPT_DELAY, ConnectError, FailedAttempt, HappyEyeballs, happy_eyeballs,
};
pub use self::tcp::{TcpConnector, connect_tcp, interleave};
#[cfg(unix)]
pub use self::unix::{ConnectUnix, connect_unix};
