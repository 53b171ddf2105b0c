//! Connected sockets as byte streams: [`SocketStream`] and its two halves, which share a [`Connection`].

mod connection;
#[cfg(unix)]
mod descriptors;
mod halves;
mod socket;

pub(super) use self::connection::Connection;
pub use self::halves::{ReceiveHalf, SendHalf};
pub use self::socket::{SocketStream, TcpStream, UnixStream};
