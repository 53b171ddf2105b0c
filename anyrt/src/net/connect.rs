//! Connections and name lookup: the functions of `anyrt_core::net` for the ambient runtime.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyrt_core::net::{self, IntoConnectable};

use super::TcpStream;
use crate::Ambient;
use crate::futures::HappyEyeballs;

/// A TCP connector with options: a delay between attempts, a local address, options of sockets.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use std::time::Duration;
///
/// use anyrt::net::{SocketOption, TcpConnector};
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// let connector = TcpConnector::new()
///     .attempt_delay(Duration::from_millis(100))
///     .option(SocketOption::KeepAlive(true));
/// let stream = anyrt::run(connector.connect("localhost", port))?;
/// assert_eq!(stream.peer_addr()?.port(), port);
/// # std::io::Result::Ok(())
/// ```
pub type TcpConnector = net::TcpConnector<Ambient>;

/// A host and port to connect to by TCP.
///
/// # Examples
///
/// A connectable can be wrapped like a stream:
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use anyrt::net::{Connectable, TcpConnectable};
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// # std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     std::io::Write::write_all(&mut peer, b"hello\r\n").unwrap();
/// # });
/// let server = TcpConnectable::new("localhost", port).buffered();
/// let greeting = anyrt::run(async {
///     let mut stream = server.connect().await?;
///     stream.receive_until(b"\r\n", 100).await
/// });
/// assert_eq!(greeting?, b"hello");
/// # std::io::Result::Ok(())
/// ```
pub type TcpConnectable = net::TcpConnectable<Ambient>;

/// Connects to a host by TCP.
///
/// If a name has several addresses, they are tried by happy eyeballs (RFC 8305): IPv6 first, then the
/// families in turn, each attempt 250 ms after the previous one, or as soon as that has failed. The
/// first connection that succeeds is returned, and the others are closed by then. A literal address is
/// connected to directly. See [`TcpConnector`] for options and details.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and no socket stays
/// open.
///
/// # Errors
///
/// - An error with a [`LookupError`](super::LookupError) inside, if the name cannot be resolved.
/// - An error with a [`ConnectError`](super::ConnectError) inside, if no attempt succeeds. With one
///   address, the kind is that of its attempt, such as
///   [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use anyrt::net::connect_tcp;
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// let stream = anyrt::run(connect_tcp("localhost", port))?;
/// assert_eq!(stream.peer_addr()?.port(), port);
/// # std::io::Result::Ok(())
/// ```
pub fn connect_tcp(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<TcpStream>> + Send + use<> {
    net::connect_tcp::<Ambient>(host, port)
}

/// Runs an attempt for each address, staggered and concurrently, and returns the first success: happy
/// eyeballs (RFC 8305, section 5).
///
/// An attempt begins when `delay` has passed since the start of the previous one, or as soon as the
/// previous one has failed. After the first success, the others are cancelled *and waited for*, clean-up
/// included. So they are closed when this returns, even one that succeeded at the same moment. All
/// attempts run inside the task that awaits this.
///
/// A `delay` of zero begins all attempts at once; with [`Duration::MAX`] each attempt begins when the
/// previous one has failed. The addresses are tried in the given order; see
/// [`interleave`](super::interleave).
///
/// This is for other kinds of connections, or for attempts that do more than connect, such as a
/// handshake. [`connect_tcp`] does it for TCP.
///
/// # Cancel safety
///
/// Dropping the future drops the attempts, without clean-up code. Nothing is connected then.
///
/// # Errors
///
/// Returns a [`ConnectError`](super::ConnectError) with the error of each attempt, if all fail, or if
/// there are no addresses.
///
/// # Panics
///
/// A panic of one of the attempts cancels the others, waits for them, and continues.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// use anyrt::net::{ATTEMPT_DELAY, happy_eyeballs, interleave, lookup};
/// use anyrt::stream::ByteReceiveStreamExt;
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// # std::thread::spawn(move || {
/// #     let (mut peer, _) = listener.accept().unwrap();
/// #     std::io::Write::write_all(&mut peer, b"hello").unwrap();
/// # });
/// // The first address whose server sends a greeting, not just the first that accepts.
/// let (stream, greeting) = anyrt::run(async {
///     let addresses = interleave(lookup("localhost", port).await?);
///     let connected = happy_eyeballs(addresses, ATTEMPT_DELAY, async |address| {
///         let mut stream = anyrt::net::TcpConnector::new()
///             .connect_addresses(&[address])
///             .await?;
///         let greeting = stream.receive(100).await?;
///         Ok((stream, greeting))
///     });
///     std::io::Result::Ok(connected.await?)
/// })?;
/// assert_eq!(greeting, b"hello");
/// # drop(stream);
/// # std::io::Result::Ok(())
/// ```
pub fn happy_eyeballs<F, Fut, T>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    delay: Duration,
    attempt: F,
) -> HappyEyeballs<F, Fut, T>
where
    F: FnMut(SocketAddr) -> Fut,
    Fut: Future<Output = io::Result<T>>,
{
    net::happy_eyeballs(addresses, delay, attempt)
}

/// Converts a value into a connectable. A host and a port become TCP, a path becomes a Unix socket, and
/// a connectable stays as it is.
///
/// With the feature `tls`, `as_connectable((host, port)).tls(config)` encrypts it, and expects a
/// certificate of the host. `anyrt::tls::TlsConnectable` is for other connectables, and for other names.
///
/// # Examples
///
/// ```
/// use anyrt::net::{Connectable, IntoConnectable, TcpConnectable, as_connectable};
/// use anyrt::stream::ByteStream;
///
/// struct Client<C>(C);
///
/// impl<C: Connectable<Stream: ByteStream>> Client<C> {
///     fn new(server: impl IntoConnectable<anyrt::Ambient, Connectable = C>) -> Client<C> {
///         Client(as_connectable(server))
///     }
/// }
///
/// let client = Client::new(("example.org", 80));
/// assert_eq!(client.0.host(), "example.org");
/// let client = Client::new(TcpConnectable::new("::1", 8080));
/// assert_eq!(client.0.port(), 8080);
/// ```
pub fn as_connectable<C: IntoConnectable<Ambient>>(target: C) -> C::Connectable {
    net::as_connectable::<Ambient, C>(target)
}

/// Looks up the addresses of a host, each with the port, in the order that the system prefers.
///
/// Returns at least one. A literal address resolves to itself, without the system. Names that are not
/// ASCII need the feature `idna`.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect. The system may continue the lookup in a detached
/// thread.
///
/// # Errors
///
/// Returns the error of the system if the name is not known or there is no answer, with a
/// [`LookupError`](super::LookupError) inside.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// let addresses = anyrt::run(anyrt::net::lookup("localhost", 80))?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # std::io::Result::Ok(())
/// ```
pub fn lookup(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + use<> {
    net::lookup::<Ambient>(host, port)
}

/// Looks up the name of a host, and the name of the service on the port.
///
/// If there is no name, the system returns the number instead.
///
/// # Cancel safety
///
/// Cancel safe: dropping the future has no effect. The system may continue the lookup in a detached
/// thread.
///
/// # Errors
///
/// Returns the error of the system, with a [`LookupError`](super::LookupError) inside.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return Ok(()) }
/// let address = "127.0.0.1:65431".parse().unwrap();
/// let (_host, service) = anyrt::run(anyrt::net::reverse_lookup(address))?;
/// assert_eq!(service, "65431");
/// # std::io::Result::Ok(())
/// ```
pub async fn reverse_lookup(address: SocketAddr) -> io::Result<(String, String)> {
    net::reverse_lookup::<Ambient>(address).await
}
