//! Sockets that were opened elsewhere: listeners, and those for packets. Connections are in
//! `net_descriptors`.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net as system;

use anyrt_core::net::{
    ConnectedDatagramSocket, ConnectedUdpSocket, ConnectedUnixDatagram, DatagramSocket, Ip,
    SocketListener, TcpListener, UdpSocket, Unix, UnixAddress, UnixDatagram, UnixListener,
};
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt};

use super::net_tools::ANY;
use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::support::run;

/// NET-15: a listening socket can be adopted, and works like any other.
pub fn a_listener_can_be_adopted(backend: &OsBackend) {
    run(backend, async {
        let listener = std::net::TcpListener::bind(ANY).unwrap();
        let at = listener.local_addr().unwrap();
        // It is in the queue already.
        let mut client = std::net::TcpStream::connect(at).unwrap();
        let listener = TcpListener::<OsR>::adopt(listener).unwrap();
        assert_eq!(listener.local_addr().unwrap(), at);
        let (mut server, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
        server.send(b"x").await.unwrap();
        client.read_exact(&mut [0]).unwrap();

        let listener = std::net::TcpListener::from(listener.into_descriptor().unwrap());
        let _client = std::net::TcpStream::connect(at).unwrap();
        listener.set_nonblocking(false).unwrap();
        listener.accept().unwrap();

        let folder = Folder::new();
        let path = folder.join("s");
        let listener = system::UnixListener::bind(&path).unwrap();
        let listener = UnixListener::<OsR>::adopt(listener).unwrap();
        assert_eq!(listener.local_addr().unwrap(), UnixAddress::from(&*path));
        let mut client = system::UnixStream::connect(&path).unwrap();
        client.write_all(b"x").unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"x");
    });
}

/// NET-15: a UDP socket can be adopted, with or without a peer.
pub fn a_udp_socket_can_be_adopted(backend: &OsBackend) {
    run(backend, async {
        let [one, other, third] = [(); 3].map(|()| std::net::UdpSocket::bind(ANY).unwrap());
        let [at, other_at] = [&one, &other].map(|socket| socket.local_addr().unwrap());
        one.connect(other_at).unwrap();
        let one = ConnectedUdpSocket::<OsR>::adopt(one).unwrap();
        let other = UdpSocket::<OsR>::adopt(other).unwrap();
        assert_eq!(one.local_addr().unwrap(), at);
        assert_eq!(one.peer_addr().unwrap(), other_at);
        assert_eq!(other.local_addr().unwrap(), other_at);
        one.send(b"ping").await.unwrap();
        let packet = other.receive_from(10).await.unwrap();
        assert_eq!(packet, (b"ping".to_vec(), at));
        // Not sent by the peer, and skipped.
        third.send_to(b"other", at).unwrap();
        other.send_to(b"pong", at).await.unwrap();
        assert_eq!(one.receive(10).await.unwrap(), b"pong");
    });
}

/// NET-15: Unix sockets for packets can be adopted, too.
pub fn unix_packets_can_be_adopted(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        let server = system::UnixDatagram::bind(&path).unwrap();
        let server = UnixDatagram::<OsR>::adopt(server).unwrap();
        let client = system::UnixDatagram::unbound().unwrap();
        client.send_to(b"ping", &path).unwrap();
        let packet = server.receive_from(10).await.unwrap();
        assert_eq!(packet, (b"ping".to_vec(), UnixAddress::Unnamed));

        client.connect(&path).unwrap();
        let client = ConnectedUnixDatagram::<OsR>::adopt(client).unwrap();
        assert_eq!(client.peer_addr().unwrap(), UnixAddress::from(&*path));
        client.send(b"again").await.unwrap();
        assert_eq!(server.receive_from(10).await.unwrap().0, b"again");

        let (one, other) = system::UnixDatagram::pair().unwrap();
        let one = ConnectedUnixDatagram::<OsR>::adopt(one).unwrap();
        other.send(b"paired").unwrap();
        assert_eq!(one.receive(10).await.unwrap(), b"paired");
    });
}

/// NET-15: an adopted socket is closed when its new owner drops it, or is refused.
pub fn an_adopted_socket_is_closed_by_its_owner(backend: &OsBackend) {
    run(backend, async {
        for refused in [false, true] {
            let listener = std::net::TcpListener::bind(ANY).unwrap();
            let at = listener.local_addr().unwrap();
            if refused {
                UdpSocket::<OsR>::adopt(listener).unwrap_err();
            } else {
                drop(TcpListener::<OsR>::adopt(listener).unwrap());
            }
            let error = std::net::TcpStream::connect(at).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

            let socket = std::net::UdpSocket::bind(ANY).unwrap();
            let at = socket.local_addr().unwrap();
            if refused {
                ConnectedUdpSocket::<OsR>::adopt(socket).unwrap_err();
            } else {
                drop(UdpSocket::<OsR>::adopt(socket).unwrap());
            }
            std::net::UdpSocket::bind(at).expect("the address is free again");

            let (one, other) = system::UnixDatagram::pair().unwrap();
            if refused {
                UnixDatagram::<OsR>::adopt(one).unwrap_err();
            } else {
                drop(ConnectedUnixDatagram::<OsR>::adopt(one).unwrap());
            }
            let error = other.send(b"x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        }
    });
}

/// Opens a descriptor of each type of socket, and one that is not a socket. Returns them with their names.
fn descriptors(folder: &Folder) -> Vec<(&'static str, OwnedFd)> {
    let listener = std::net::TcpListener::bind(ANY).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let udp = std::net::UdpSocket::bind(ANY).unwrap();
    let peer = std::net::UdpSocket::bind(ANY).unwrap();
    peer.connect(udp.local_addr().unwrap()).unwrap();
    let unix_listener = system::UnixListener::bind(folder.join("listener")).unwrap();
    vec![
        ("file", std::fs::File::open("/dev/null").unwrap().into()),
        ("tcp listener", listener.into()),
        ("tcp stream", stream.into()),
        ("unix listener", unix_listener.into()),
        ("unix stream", system::UnixStream::pair().unwrap().0.into()),
        ("udp", udp.into()),
        ("connected udp", peer.into()),
        (
            "unix packets",
            system::UnixDatagram::unbound().unwrap().into(),
        ),
        (
            "connected unix packets",
            system::UnixDatagram::pair().unwrap().0.into(),
        ),
    ]
}

/// Returns the names of the descriptors that are adopted; the others have to be refused as of the wrong
/// kind.
fn adopted<T>(adopt: fn(OwnedFd) -> io::Result<T>) -> Vec<&'static str> {
    let folder = Folder::new();
    let mut adopted = Vec::new();
    for (name, descriptor) in descriptors(&folder) {
        match adopt(descriptor) {
            Ok(_) => adopted.push(name),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::NotConnected
                ),
                "{name}: {error:?}"
            ),
        }
    }
    adopted
}

/// NET-15: only listening sockets are adopted as listeners; the error names the reason.
pub fn only_listeners_are_adopted_as_such(backend: &OsBackend) {
    run(backend, async {
        let tcp = SocketListener::<OsR, Ip>::adopt;
        let unix = SocketListener::<OsR, Unix>::adopt;
        assert_eq!(adopted(tcp), ["tcp listener"]);
        assert_eq!(adopted(unix), ["unix listener"]);
        let (one, _) = system::UnixStream::pair().unwrap();
        let error = unix(one.into()).unwrap_err();
        assert!(error.to_string().contains("does not listen"), "{error}");
    });
}

/// NET-15: only sockets for packets are adopted as such, with a peer or without, depending on the type.
pub fn only_sockets_for_packets_are_adopted_as_such(backend: &OsBackend) {
    run(backend, async {
        let udp = DatagramSocket::<OsR, Ip>::adopt;
        let unix = DatagramSocket::<OsR, Unix>::adopt;
        assert_eq!(adopted(udp), ["udp"]);
        assert_eq!(adopted(unix), ["unix packets"]);
        let with_peer = ConnectedDatagramSocket::<OsR, Ip>::adopt;
        assert_eq!(adopted(with_peer), ["connected udp"]);
        let with_peer = ConnectedDatagramSocket::<OsR, Unix>::adopt;
        assert_eq!(adopted(with_peer), ["connected unix packets"]);
        let (one, _) = system::UnixDatagram::pair().unwrap();
        let error = UnixDatagram::<OsR>::adopt(one).unwrap_err();
        assert!(error.to_string().contains("has a peer"), "{error}");
    });
}

anyrt_conformance_kit::cases! { net_adoption: descriptors [Sockets],
    a_listener_can_be_adopted,
    a_udp_socket_can_be_adopted,
    unix_packets_can_be_adopted,
    an_adopted_socket_is_closed_by_its_owner,
    only_listeners_are_adopted_as_such,
    only_sockets_for_packets_are_adopted_as_such,
}
