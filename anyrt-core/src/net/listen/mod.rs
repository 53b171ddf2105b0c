//! Listening, accepting and serving.

#[cfg(not(unix))]
mod errors;
mod listener;
mod multi_listener;
mod serve;
mod tcp;
mod trouble;

#[cfg(unix)]
use super::os::errors;

pub use self::listener::{Accept, Listener, SocketListener, TcpListener, UnixListener};
pub use self::multi_listener::{BoxListener, MultiListener};
pub use self::serve::ServeOptions;
pub(super) use self::tcp::BACKLOG;
pub use self::tcp::{ListenOptions, listen_tcp, listen_tcp_with};
