//! Helpers for the cases about sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyrt_core::net::{Address, Domain, Ip, SocketListener, SocketStream, TcpListener};
use anyrt_core::runtime::{Net, Socket, SocketSpec};
use futures_util::future::{poll_fn, try_join};

/// The address of this machine, with a port that the system chooses.
pub(super) const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Opens a listener on this machine, and returns it with its address.
pub(super) fn listen<R: Net>() -> (TcpListener<R>, SocketAddr) {
    let listener = TcpListener::<R>::bind(ANY).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Connects to this address.
pub(super) async fn connect<R: Net, K: Domain>(
    to: impl Into<K::Address>,
) -> std::io::Result<SocketStream<R, K>> {
    let to: Address = to.into().into();
    let purpose = SocketSpec::Connect {
        to: &to,
        from: None,
    };
    let socket = R::socket(purpose, &[])?;
    poll_fn(|cx| socket.poll_connected(cx)).await?;
    SocketStream::from_socket(socket)
}

/// Returns both ends of a connection to this listener: the connecting end, and the accepted one.
pub(super) async fn connected<R: Net, K: Domain>(
    listener: &SocketListener<R, K>,
) -> (SocketStream<R, K>, SocketStream<R, K>) {
    let to = listener.local_addr().unwrap();
    let (client, (server, _)) = try_join(connect::<R, K>(to), listener.accept())
        .await
        .unwrap();
    (client, server)
}

/// Returns both ends of a TCP connection.
pub(super) async fn tcp<R: Net>() -> (SocketStream<R, Ip>, SocketStream<R, Ip>) {
    connected(&listen::<R>().0).await
}

/// Returns an address of each family that this machine has, and prints if IPv6 is not among them.
pub(super) fn families<R: Net>() -> Vec<IpAddr> {
    let mut families = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    if TcpListener::<R>::bind((v6, 0)).is_ok() {
        families.push(v6);
    } else {
        eprintln!("this machine has no IPv6: that part was skipped");
    }
    families
}
