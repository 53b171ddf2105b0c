//! Datagram sockets: the types of `anyrt_core::net` for the ambient runtime.

use anyrt_core::net;

use crate::Ambient;

/// A socket that exchanges packets with any peer: UDP, or a Unix datagram socket.
pub type DatagramSocket<K> = net::DatagramSocket<Ambient, K>;

/// A socket that exchanges packets with one peer: UDP, or a Unix datagram socket.
pub type ConnectedDatagramSocket<K> = net::ConnectedDatagramSocket<Ambient, K>;

/// A UDP socket that exchanges packets with any peer.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::UdpSocket;
/// use std::net::Ipv4Addr;
///
/// anyrt::run(async {
///     let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
///     let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
///     client.send_to(b"ping", server.local_addr()?).await?;
///     let (packet, from) = server.receive_from(1500).await?;
///     assert_eq!(packet, b"ping");
///     server.send_to(b"pong", from).await?;
///     assert_eq!(client.receive_from(1500).await?.0, b"pong");
///     Ok::<_, std::io::Error>(())
/// })
/// .unwrap();
/// ```
pub type UdpSocket = net::UdpSocket<Ambient>;

/// A UDP socket with one peer.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::{ConnectedUdpSocket, UdpSocket};
/// use std::net::Ipv4Addr;
///
/// anyrt::run(async {
///     let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
///     let client = ConnectedUdpSocket::connect(server.local_addr()?)?;
///     client.send(b"ping").await?;
///     let (_, from) = server.receive_from(1500).await?;
///     server.send_to(b"pong", from).await?;
///     assert_eq!(client.receive(1500).await?, b"pong");
///     Ok::<_, std::io::Error>(())
/// })
/// .unwrap();
/// ```
pub type ConnectedUdpSocket = net::ConnectedUdpSocket<Ambient>;
