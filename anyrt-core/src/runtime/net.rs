use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use super::Runtime;
use crate::attributes::Attributes;
use crate::net::Address;

/// Opens sockets and looks up names.
///
/// Everything above single system calls is core's: streams, listeners, happy eyeballs, serving.
/// What is below differs by the kind of backend:
///
/// - A runtime that waits for descriptors of the operating system implements `Descriptors`, and has
///   this facet by that: its sockets are `OsSocket`s.
/// - A simulated one brings a [`Socket`] of its own.
///
/// # Contract
///
/// 1. [`socket`](Net::socket) MUST work on every thread where [`Spawn::current`] does, and MUST
///    name the fix where there is no runtime.
/// 2. A socket MUST NOT be inherited by processes that are started later.
/// 3. [`lookup`](Net::lookup) and [`reverse_lookup`](Net::reverse_lookup) MUST NOT block the thread.
///    Dropping their futures MUST NOT wait.
///
/// [`Spawn::current`]: super::Spawn::current
pub trait Net: Runtime {
    /// A socket of any kind.
    type Socket: Socket;

    /// Opens a socket, sets the options, and does what its purpose asks for.
    ///
    /// # Errors
    ///
    /// What the system says; [`Unsupported`](io::ErrorKind::Unsupported) for what the backend does
    /// not have.
    fn socket(purpose: Purpose<'_>, options: &[SocketOption]) -> io::Result<Self::Socket>;

    /// Looks up a name or a literal address, in the order that the system prefers.
    ///
    /// # Errors
    ///
    /// What the system says if the name is not known, or there is no answer.
    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static;

    /// Looks up the name of a host, and that of the service on the port.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static;
}

/// What a socket is opened for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Purpose<'a> {
    /// Connections are taken at this address.
    Listen {
        /// The address; of the kind of its family.
        at: &'a Address,
        /// How many connections may wait to be accepted.
        backlog: u32,
    },
    /// A connection to an address is begun; [`Socket::poll_connected`] says how it went.
    Connect {
        /// The address of the peer.
        to: &'a Address,
        /// The address of its own, where that is chosen.
        from: Option<&'a Address>,
    },
    /// Packets are exchanged.
    Datagram {
        /// The address of its own, where that is chosen; an
        /// [`Unnamed`](crate::net::UnixAddress::Unnamed) one leaves a Unix socket without.
        at: Option<&'a Address>,
        /// The only peer, where there is only one. One of both is needed.
        to: Option<&'a Address>,
    },
}

/// An option of a socket, and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOption {
    /// Small packets are sent at once (`TCP_NODELAY`).
    NoDelay(bool),
    /// An address can be bound that connections still linger on (`SO_REUSEADDR`).
    ReuseAddress(bool),
    /// Several sockets share one port (`SO_REUSEPORT`).
    ReusePort(bool),
    /// An IPv6 socket leaves IPv4 alone (`IPV6_V6ONLY`).
    OnlyV6(bool),
    /// Packets may be sent to broadcast addresses (`SO_BROADCAST`).
    Broadcast(bool),
    /// The peer is asked for signs of life when a connection is silent (`SO_KEEPALIVE`).
    KeepAlive(bool),
    /// How much is buffered of what arrives, in bytes, as far as the system allows (`SO_RCVBUF`).
    ReceiveBuffer(usize),
    /// How much is buffered of what is sent, in bytes, as far as the system allows (`SO_SNDBUF`).
    SendBuffer(usize),
    /// The permissions of the file that a Unix socket is bound to, such as `0o600`. They are set
    /// before anybody can connect; for sockets that are bound already it is an error.
    Mode(u32),
}

/// A socket, as far as core needs it: one system call each, that is tried again when it may succeed.
///
/// # Contract
///
/// 1. The `poll_` methods MUST do the call at once if it succeeds or fails at once; otherwise they
///    MUST be pending, without any effect, and wake the task when the call should be tried again.
/// 2. One task waits for input and one for output at a time; core sees to it. A later waker
///    replaces an earlier one of the same direction.
/// 3. Calls that a signal interrupted MUST be repeated.
/// 4. Dropping the socket MUST close it at once.
/// 5. Writing to a peer that is gone is an error, never a signal.
pub trait Socket: Attributes + fmt::Debug + Send + Sync + Unpin + Sized + 'static {
    /// Waits for the end of the connecting that it was opened for.
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Takes a connection, and the address of its peer.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self, Address)>>;

    /// Receives into a buffer; 0 bytes are the end of a stream, or an empty packet.
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Sends a part of the bytes, or a packet.
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Sends a part of the bytes of all slices, in order.
    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Receives a packet, and says who sent it.
    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>>;

    /// Sends a packet to an address.
    ///
    /// It is ready, and fails with [`WouldBlock`](io::ErrorKind::WouldBlock), where the system will
    /// not tell when the receiver has room again, as with Unix sockets.
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>>;

    /// Ends one direction of a connection, or both. Whoever waits for it is woken.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// The address of its own.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn local_address(&self) -> io::Result<Address>;

    /// The address of the peer that it is connected to.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn peer_address(&self) -> io::Result<Address>;

    /// Sets an option.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn set_option(&self, option: SocketOption) -> io::Result<()>;
}
