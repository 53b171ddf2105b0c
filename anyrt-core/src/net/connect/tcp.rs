use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::happy_eyeballs::{ATTEMPT_DELAY, happy_eyeballs};
use crate::engine::{FallibleOperation, Wait, poll_state};
use crate::net::lookup::{literal, lookup};
use crate::net::stream::Connection;
use crate::net::{Address, Internet, Kind, SocketStream, TcpStream};
use crate::runtime::{Net, Purpose, Socket, SocketOption};

/// Connects to a host by TCP.
///
/// A name with several addresses is tried by happy eyeballs: the first connection that succeeds
/// counts, and the others are closed by then. A literal address is connected to directly.
/// [`TcpConnector`] has options, and says more.
///
/// # Cancel safety
///
/// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing stays
/// open.
///
/// # Errors
///
/// - With a [`LookupError`](crate::net::LookupError) inside, if the name cannot be resolved.
/// - With a [`ConnectError`](crate::net::ConnectError) inside, if no attempt succeeds; with one address, the kind is that of
///   its attempt, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
pub fn connect_tcp<R: Net>(
    host: &str,
    port: u16,
) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
    TcpConnector::new().connect(host, port)
}

/// Connects by TCP, with options.
///
/// It follows RFC 8305 as far as that is about connecting. Of the values in its section 8,
///
/// - *First Address Family Count* is 1: see [`interleave`];
/// - *Connection Attempt Delay* is 250 ms, and can be [set](TcpConnector::attempt_delay). It is not
///   adapted to what was measured before, so its recommended bounds (100 ms and 2 s; never less
///   than 10 ms) are up to the caller;
/// - *Resolution Delay* and *Last Resolution Delay* do not apply: the system answers for both
///   families at once.
pub struct TcpConnector<R> {
    delay: Duration,
    local: Option<SocketAddr>,
    options: Vec<SocketOption>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Net> TcpConnector<R> {
    /// One without options.
    #[must_use]
    pub fn new() -> TcpConnector<R> {
        TcpConnector {
            delay: ATTEMPT_DELAY,
            local: None,
            options: Vec::new(),
            runtime: PhantomData,
        }
    }

    /// How long an attempt has for itself before the next one begins beside it.
    #[must_use]
    pub fn attempt_delay(self, delay: Duration) -> TcpConnector<R> {
        TcpConnector { delay, ..self }
    }

    /// Which address and port of its own the connection has; port 0 leaves that to the system.
    ///
    /// Addresses of the other family are left out then. With a port, an attempt begins when the one
    /// before it has failed, whatever the [delay](TcpConnector::attempt_delay).
    #[must_use]
    pub fn local_address(self, address: SocketAddr) -> TcpConnector<R> {
        TcpConnector {
            local: Some(address),
            ..self
        }
    }

    /// An option for the socket of each attempt, set before it connects.
    #[must_use]
    pub fn option(mut self, option: SocketOption) -> TcpConnector<R> {
        self.options.push(option);
        self
    }

    /// Connects to a host; see [`connect_tcp`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// As [`connect_tcp`]; [`InvalidInput`](io::ErrorKind::InvalidInput) if the host has no address
    /// of the family of the local one.
    pub fn connect(
        &self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
        let connector = self.clone();
        let host = host.to_owned();
        async move {
            let addresses = match literal(&host, port) {
                Some(address) => vec![address],
                None => interleave(lookup::<R>(&host, port).await?),
            };
            connector.connect_to_any(addresses).await
        }
    }

    /// Connects to one of several addresses, tried in this order.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing is connected, and nothing
    /// stays open.
    ///
    /// # Errors
    ///
    /// As [`connect`](TcpConnector::connect), except that nothing is looked up.
    pub fn connect_addresses(
        &self,
        addresses: &[SocketAddr],
    ) -> impl Future<Output = io::Result<TcpStream<R>>> + Send + use<R> {
        self.clone().connect_to_any(addresses.to_vec())
    }

    async fn connect_to_any(self, mut addresses: Vec<SocketAddr>) -> io::Result<TcpStream<R>> {
        if let Some(local) = self.local {
            let before = addresses.len();
            addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
            if addresses.is_empty() && before > 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "no address of the host is of the family of the local address: choose one of \
                     the other family",
                ));
            }
        }
        // Only one socket at a time can have a given port.
        let alone = self.local.is_some_and(|local| local.port() != 0);
        let delay = if alone { Duration::MAX } else { self.delay };
        let local = self.local.map(Address::from);
        let options = options::<Internet>(&self.options);
        let connected = happy_eyeballs::<R, _, _, _>(addresses, delay, |address| {
            Connecting::new(address.into(), local.clone(), options.clone())
        });
        Ok(connected.await?)
    }
}

/// Puts addresses in the order in which [`connect_tcp`] tries them: the families in turn, as RFC 8305
/// (section 4) has it, each in its order. IPv6 begins if there is one, also where the system prefers
/// IPv4 (as in AnyIO; the RFC leaves it to the system).
pub fn interleave(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
    let mut ordered = Vec::with_capacity(v6.len() + v4.len());
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    loop {
        let pair = (v6.next(), v4.next());
        if pair == (None, None) {
            return ordered;
        }
        ordered.extend(pair.0.into_iter().chain(pair.1));
    }
}

impl<R: Net> Default for TcpConnector<R> {
    fn default() -> TcpConnector<R> {
        TcpConnector::new()
    }
}

impl<R> Clone for TcpConnector<R> {
    fn clone(&self) -> TcpConnector<R> {
        TcpConnector {
            options: self.options.clone(),
            ..*self
        }
    }
}

impl<R> fmt::Debug for TcpConnector<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("attempt_delay", &self.delay)
            .field("local_address", &self.local)
            .field("options", &self.options)
            .finish()
    }
}

/// What a socket of this kind is opened with: the caller's options win over the kind's.
pub(super) fn options<K: Kind>(options: &[SocketOption]) -> Arc<[SocketOption]> {
    let of_kind = K::NO_DELAY.then_some(SocketOption::NoDelay(true));
    of_kind.into_iter().chain(options.iter().copied()).collect()
}

/// One attempt: the operation of connecting a socket.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) struct Connecting<R: Net, K> {
    to: Address,
    from: Option<Address>,
    options: Arc<[SocketOption]>,
    socket: Option<R::Socket>,
    operation: FallibleOperation<io::Error>,
    kind: PhantomData<K>,
}

impl<R: Net, K: Kind> Connecting<R, K> {
    pub(super) fn new(
        to: Address,
        from: Option<Address>,
        options: Arc<[SocketOption]>,
    ) -> Connecting<R, K> {
        Connecting {
            to,
            from,
            options,
            socket: None,
            operation: FallibleOperation::new(),
            kind: PhantomData,
        }
    }

    fn open(&self) -> io::Result<R::Socket> {
        let purpose = Purpose::Connect {
            to: &self.to,
            from: self.from.as_ref(),
        };
        R::socket(purpose, &self.options)
    }

    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SocketStream<R, K>>> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.open()?,
        };
        match socket.poll_connected(cx) {
            Poll::Ready(outcome) => {
                outcome?;
                Poll::Ready(Ok(SocketStream::of(Connection::new(socket))))
            }
            Poll::Pending => {
                self.socket = Some(socket);
                poll_state::waits_for(Wait::Connection);
                Poll::Pending
            }
        }
    }
}

impl<R: Net, K: Kind> Future for Connecting<R, K> {
    type Output = io::Result<SocketStream<R, K>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut operation = std::mem::replace(&mut this.operation, FallibleOperation::new());
        let outcome = operation.poll(cx, |cx| this.poll_connected(cx));
        this.operation = operation;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns() {
        let order = |hosts: &[&str]| {
            let addresses = hosts.iter().map(|host| literal(host, 80).unwrap());
            let ordered = interleave(addresses);
            ordered
                .iter()
                .map(|a| a.ip().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(order(&[]), [""; 0]);
        assert_eq!(order(&["1.1.1.1"]), ["1.1.1.1"]);
        assert_eq!(
            order(&["1.1.1.1", "2.2.2.2", "::1", "3.3.3.3", "::2"]),
            ["::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"]
        );
    }
}
