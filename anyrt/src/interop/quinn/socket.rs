//! The UDP socket of quinn.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use anyrt_core::net::Address;
use anyrt_core::runtime::{
    AdoptSocket, Attempt, Direction, Net, Socket, SocketOption, SocketSpec, Source,
};
use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncUdpSocket, UdpPoller};

use super::writable::{Writable, WritablePoller};
use crate::{Ambient, AmbientSocket, AmbientSource};

/// A UDP socket for an endpoint of quinn.
///
/// A socket of the operating system sends and receives several packets in one call where the system can do that, marks
/// congestion (ECN), answers from the address that a packet was sent to, and does not fragment packets. quinn's own crate
/// `quinn-udp` makes the system calls. A socket of a simulation sends and receives one packet at a time, without
/// these abilities.
///
/// # Examples
///
/// See [the module](super).
#[derive(Debug)]
pub struct QuinnSocket {
    socket: AmbientSocket,
    /// The abilities of a socket of the operating system; `None` in a simulation.
    state: Option<UdpSocketState>,
    writable: Arc<Writable>,
}

impl QuinnSocket {
    /// Binds a socket to an address; with port 0, the system chooses a free port.
    ///
    /// # Errors
    ///
    /// The error of the operating system, usually [`AddrInUse`](io::ErrorKind::AddrInUse).
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::quinn::QuinnSocket;
    /// use quinn::AsyncUdpSocket;
    ///
    /// anyrt::run(async {
    ///     let socket = QuinnSocket::bind(([127, 0, 0, 1], 0))?;
    ///     assert_ne!(socket.local_addr()?.port(), 0);
    ///     # Ok::<_, std::io::Error>(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<QuinnSocket> {
        QuinnSocket::bind_with(address, &[])
    }

    /// Binds a socket to an address; the options are set before it is bound.
    ///
    /// # Errors
    ///
    /// As [`bind`](QuinnSocket::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::quinn::QuinnSocket;
    /// use anyrt::net::SocketOption;
    ///
    /// anyrt::run(async {
    ///     let options = [SocketOption::ReceiveBuffer(1 << 20)];
    ///     QuinnSocket::bind_with(([127, 0, 0, 1], 0), &options).map(drop)
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn bind_with(
        address: impl Into<SocketAddr>,
        options: &[SocketOption],
    ) -> io::Result<QuinnSocket> {
        let at = Address::Ip(address.into());
        let purpose = SocketSpec::Datagram {
            at: Some(&at),
            to: None,
        };
        QuinnSocket::of(Ambient::socket(purpose, options)?)
    }

    /// Adopts a socket of the standard library. It is set to non-blocking mode.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) in a simulation; the error of the operating system; without a runtime,
    /// [`NoRuntime`](crate::NoRuntime).
    ///
    /// # Examples
    ///
    /// ```
    /// # if anyrt::Backend::available().is_empty() { return Ok(()) }
    /// use anyrt::interop::quinn::QuinnSocket;
    /// use quinn::AsyncUdpSocket;
    ///
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// let address = socket.local_addr()?;
    /// let socket = anyrt::run(async { QuinnSocket::adopt(socket) })?;
    /// assert_eq!(socket.local_addr()?, address);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn adopt(socket: StdUdpSocket) -> io::Result<QuinnSocket> {
        QuinnSocket::of(AmbientSocket::adopt(OwnedFd::from(socket))?)
    }

    fn of(socket: AmbientSocket) -> io::Result<QuinnSocket> {
        let state = match socket.source() {
            Ok(source) => Some(UdpSocketState::new((&source.descriptor()).into())?),
            Err(_) => None,
        };
        Ok(QuinnSocket {
            socket,
            state,
            writable: Arc::default(),
        })
    }

    /// Returns the descriptor on the reactor, and the abilities, of a socket of the operating system.
    fn of_the_system(&self) -> Option<(&AmbientSource, &UdpSocketState)> {
        Some((self.socket.source().ok()?, self.state.as_ref()?))
    }
}

impl AsyncUdpSocket for QuinnSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(WritablePoller::new(self.writable.clone()))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let outcome = self.writable.attempt(|cx| match self.of_the_system() {
            Some((source, state)) => source.poll_io(cx, Direction::Output, |socket| {
                // Errors of the network count as lost packets there.
                state.send((&socket).into(), transmit).map(Attempt::new)
            }),
            None => {
                let to = Address::Ip(transmit.destination);
                self.socket
                    .poll_send_to(cx, transmit.contents, &to)
                    .map_ok(drop)
            }
        });
        match outcome {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if let Some((source, state)) = self.of_the_system() {
            // Ends: each error is that of an earlier packet, which the system reports once.
            loop {
                let received = source.poll_io(cx, Direction::Input, |socket| {
                    let received = state.recv((&socket).into(), buffers, meta)?;
                    Ok(Attempt::new(received))
                });
                if let Ok(received) = ready!(received) {
                    return Poll::Ready(Ok(received));
                }
            }
        }
        let (length, from) = ready!(self.socket.poll_receive_from(cx, &mut buffers[0]))?;
        let Address::Ip(from) = from else {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        };
        meta[0] = RecvMeta {
            addr: from,
            len: length,
            stride: length,
            ecn: None,
            dst_ip: None,
        };
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.socket.local_address()? {
            Address::Ip(address) => Ok(address),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn max_transmit_segments(&self) -> usize {
        self.state
            .as_ref()
            .map_or(1, UdpSocketState::max_gso_segments)
    }

    fn max_receive_segments(&self) -> usize {
        self.state.as_ref().map_or(1, UdpSocketState::gro_segments)
    }

    fn may_fragment(&self) -> bool {
        self.state.as_ref().is_none_or(UdpSocketState::may_fragment)
    }
}
