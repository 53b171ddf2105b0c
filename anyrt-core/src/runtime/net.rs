//! The facet of sockets and name lookup.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use super::Runtime;
use crate::attributes::Attributes;
use crate::net::Address;

/// Opens sockets and looks up names.
///
/// Everything above single system calls is implemented by core: streams, listeners, happy eyeballs, serving.
/// The layer below depends on the kind of backend:
///
/// - A runtime that waits for descriptors of the operating system implements `Descriptors` and `OsSockets`, and
///   thereby has this facet: its sockets are `OsSocket`s.
/// - A simulated runtime provides its own [`Socket`].
///
/// # Contract
///
/// 1. [`socket`](Net::socket) MUST work on every thread where [`Spawn::current`] does. Without a runtime,
///    its error MUST name the fix.
/// 2. A socket MUST NOT be inherited by processes that are started later.
/// 3. [`lookup`](Net::lookup) and [`reverse_lookup`](Net::reverse_lookup) MUST NOT block the thread.
///    Dropping their futures MUST NOT wait.
///
/// [`Spawn::current`]: super::Spawn::current
pub trait Net: Runtime {
    /// The type of all sockets.
    type Socket: Socket;

    /// Opens a socket, sets the options, and begins the operation of its purpose.
    ///
    /// # Errors
    ///
    /// The error of the operating system; [`Unsupported`](io::ErrorKind::Unsupported) for features that the
    /// backend does not have.
    fn socket(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<Self::Socket>;

    /// Looks up a name or a literal address. The addresses are in the order that the system prefers.
    ///
    /// # Errors
    ///
    /// The error of the operating system if the name is not known, or there is no answer.
    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static;

    /// Looks up the name of a host, and the name of the service on the port.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static;
}

/// The purpose of a socket that is opened.
///
/// A backend returns [`Unsupported`](io::ErrorKind::Unsupported) for one that it does not know.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SocketSpec<'a> {
    /// Accepting connections at this address.
    Listen {
        /// The address, of the kind of its family.
        at: &'a Address,
        /// The number of connections that may wait to be accepted.
        backlog: u32,
    },
    /// Connecting to an address, which is begun; [`Socket::poll_connected`] returns the result.
    Connect {
        /// The address of the peer.
        to: &'a Address,
        /// The local address, if it is chosen.
        from: Option<&'a Address>,
    },
    /// Exchanging packets.
    Datagram {
        /// The local address, if it is chosen. An [`Unnamed`](crate::net::UnixAddress::Unnamed) one leaves a
        /// Unix socket unbound.
        at: Option<&'a Address>,
        /// The only peer, if there is only one. At least one of both addresses is required.
        to: Option<&'a Address>,
    },
}

/// An option of a socket, and its value.
///
/// A backend returns [`Unsupported`](io::ErrorKind::Unsupported) for an option that it does not know. It may
/// accept one that changes nothing that a program could observe there, such as
/// [`NoDelay`](SocketOption::NoDelay) where packets are never delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOption {
    /// Sends small packets at once (`TCP_NODELAY`).
    NoDelay(bool),
    /// Allows binding an address on which connections linger (`SO_REUSEADDR`).
    ReuseAddress(bool),
    /// Lets several sockets share one port (`SO_REUSEPORT`).
    ReusePort(bool),
    /// Restricts an IPv6 socket to IPv6 (`IPV6_V6ONLY`).
    OnlyV6(bool),
    /// Allows sending packets to broadcast addresses (`SO_BROADCAST`).
    Broadcast(bool),
    /// Sends keep-alive probes on an idle connection (`SO_KEEPALIVE`).
    KeepAlive(bool),
    /// The size of the receive buffer, in bytes, as far as the system allows (`SO_RCVBUF`).
    ReceiveBuffer(usize),
    /// The size of the send buffer, in bytes, as far as the system allows (`SO_SNDBUF`).
    SendBuffer(usize),
    /// The permissions of the file that a Unix socket is bound to, such as `0o600`. They are set before a
    /// peer can connect. For sockets that are bound already it is an error.
    Mode(u32),
}

/// A socket, as core needs it: one system call per method, which is retried when it may succeed.
///
/// # Contract
///
/// 1. The `poll_` methods MUST make the call at once, and return if it succeeds or fails at once.
///    Otherwise they MUST be pending, without any effect, and wake the task when the call should be retried.
/// 2. One task waits for input and one for output at a time; core makes sure of it. A later waker replaces
///    an earlier one of the same direction.
/// 3. Calls that a signal interrupted MUST be repeated.
/// 4. Dropping the socket MUST close it at once.
/// 5. Writing to a peer that is gone is an error, never a signal.
/// 6. For datagrams, an empty slice is an empty packet. On a connection, receiving into an empty buffer MUST NOT
///    consume anything; core sends no empty slices there.
/// 7. Bytes that were sent MUST still arrive if the socket is dropped afterwards, as long as the peer reads. If the
///    socket is dropped with unread data, it MAY reset the connection.
/// 8. A connection SHOULD buffer 100 kB of sent bytes that the peer does not read yet. A smaller buffer is correct,
///    but programs that rely on those of real systems block earlier.
///
/// # Kinds of errors
///
/// Core distinguishes errors by their kind. They need no number of the operating system.
///
/// | call | kind | effect |
/// | --- | --- | --- |
/// | `poll_receive` | `ConnectionReset`, `ConnectionAborted`, `HostUnreachable`, `NetworkUnreachable`, `TimedOut` | receiving is over; core repeats the error in later calls, even if the socket does not |
/// | `poll_receive`, `poll_send` of a connected datagram socket | `ConnectionRefused` | an earlier packet had no receiver; the socket can still be used |
/// | `poll_send_to` | `WouldBlock` | the receiver has no room; core tries again after a pause |
/// | `poll_accept` | `ConnectionAborted`, `ConnectionReset` | one connection is lost; the next is accepted |
/// | `poll_accept` | `OutOfMemory` | a lack of resources, which may be temporary; any other kind means that the listener is broken |
/// | `shutdown` | `NotConnected` | the peer has gone, which core ignores |
/// | `peer_address` | `NotConnected` | the socket has no peer |
/// | opening, for `Connect` to a Unix address | `WouldBlock` | the queue of the listener is full; core tries again after a pause |
/// | opening, for `Connect`; `poll_connected` | `ConnectionRefused` | nothing listens at the address |
/// | opening, for `Listen` | `AddrInUse` | the address is taken; if the system chose the port, core tries another |
pub trait Socket: Attributes + fmt::Debug + Send + Sync + Unpin + Sized + 'static {
    /// Waits until the connecting that it was opened for has ended.
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Accepts a connection. Returns it, and the address of its peer. An address of another family than the
    /// listener's, such as an unnamed Unix address, means that the connection was lost before it was accepted; it is skipped.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self, Address)>>;

    /// Receives into a buffer. Zero bytes are the end of a stream, or an empty packet.
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Sends a part of the bytes, or a packet.
    fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Sends a part of the bytes of all slices, in order.
    fn poll_send_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Receives a packet. Returns its length, and the address of the sender.
    fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>>;

    /// Sends a packet to an address.
    ///
    /// Returns ready with [`WouldBlock`](io::ErrorKind::WouldBlock) if the system will not report when the
    /// receiver has room again, as with Unix sockets.
    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &Address,
    ) -> Poll<io::Result<usize>>;

    /// Shuts down one direction of a connection, or both. Wakes the tasks that wait for it.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// Returns the local address.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn local_address(&self) -> io::Result<Address>;

    /// Returns the address of the connected peer.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn peer_address(&self) -> io::Result<Address>;

    /// Sets an option.
    #[expect(clippy::missing_errors_doc, reason = "said once for all methods")]
    fn set_option(&self, option: SocketOption) -> io::Result<()>;
}
