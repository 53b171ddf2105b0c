//! Sockets of TCP and UDP that were opened elsewhere, on every system whose sockets can be adopted.

use std::io::{ErrorKind, Read, Write};

use anyrt_core::net::{
    ConnectedUdpSocket, Descriptor, RemotePort, TcpListener, TcpStream, UdpSocket, connect_tcp,
};
use anyrt_core::stream::{AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt};

use super::net_tools::ANY;
use crate::erased::{OsBackend, OsR};
use crate::support::run;

/// NET-15: a connected socket of the standard library can be adopted, and is returned as a socket of the system.
pub fn a_connection_is_adopted_and_returned(backend: &OsBackend) {
    run(backend, async {
        let listener = std::net::TcpListener::bind(ANY).unwrap();
        let at = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(at).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut stream = TcpStream::<OsR>::adopt(client).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), at);
        assert_eq!(stream.attribute::<RemotePort>(), Ok(at.port()));
        let raw = std::net::TcpStream::from(stream.attribute::<Descriptor>().unwrap());
        assert!(raw.nodelay().unwrap());
        drop(raw);
        stream.send(b"ping").await.unwrap();
        let mut buffer = [0; 4];
        server.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
        server.write_all(b"pong").unwrap();
        assert_eq!(stream.receive(10).await.unwrap(), b"pong");

        let mut client = std::net::TcpStream::from(stream.into_descriptor().unwrap());
        client.set_nonblocking(false).unwrap();
        client.write_all(b"more").unwrap();
        server.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"more");
        let stream = TcpStream::<OsR>::adopt(client).unwrap();
        drop(stream);
        assert_eq!(server.read(&mut buffer).unwrap(), 0, "it was closed");
    });
}

/// NET-15: a listener of the standard library can be adopted, and is returned.
pub fn a_listener_is_adopted_and_returned(backend: &OsBackend) {
    run(backend, async {
        let listener = std::net::TcpListener::bind(ANY).unwrap();
        let at = listener.local_addr().unwrap();
        let listener = TcpListener::<OsR>::adopt(listener).unwrap();
        let client = connect_tcp::<OsR>("127.0.0.1", at.port()).await.unwrap();
        let (_server, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
        let listener = std::net::TcpListener::from(listener.into_descriptor().unwrap());
        let _client = std::net::TcpStream::connect(at).unwrap();
        listener.set_nonblocking(false).unwrap();
        listener.accept().unwrap();
    });
}

/// NET-15: UDP sockets of the standard library can be adopted, with or without a peer.
pub fn packets_arrive_at_adopted_sockets(backend: &OsBackend) {
    run(backend, async {
        let [one, other] = [(); 2].map(|()| std::net::UdpSocket::bind(ANY).unwrap());
        let [at, other_at] = [&one, &other].map(|socket| socket.local_addr().unwrap());
        one.connect(other_at).unwrap();
        let one = ConnectedUdpSocket::<OsR>::adopt(one).unwrap();
        let other = UdpSocket::<OsR>::adopt(other).unwrap();
        one.send(b"ping").await.unwrap();
        let packet = other.receive_from(10).await.unwrap();
        assert_eq!(packet, (b"ping".to_vec(), at));
        other.send_to(b"pong", at).await.unwrap();
        assert_eq!(one.receive(10).await.unwrap(), b"pong");
    });
}

/// NET-15: a socket of another type is refused, with the reason.
pub fn sockets_of_another_type_are_refused(backend: &OsBackend) {
    run(backend, async {
        let udp = || std::net::UdpSocket::bind(ANY).unwrap();
        let listener = || std::net::TcpListener::bind(ANY).unwrap();
        let errors = [
            TcpStream::<OsR>::adopt(udp()).map(drop).unwrap_err(),
            TcpListener::<OsR>::adopt(udp()).map(drop).unwrap_err(),
            UdpSocket::<OsR>::adopt(listener()).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("another type"), "{error}");
        }
        // It has no peer, or it is known to listen.
        TcpStream::<OsR>::adopt(listener()).map(drop).unwrap_err();
        let error = ConnectedUdpSocket::<OsR>::adopt(udp()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

anyrt_conformance_kit::cases! { net_adoption_ip: descriptors [Sockets],
    a_connection_is_adopted_and_returned,
    a_listener_is_adopted_and_returned,
    packets_arrive_at_adopted_sockets,
    sockets_of_another_type_are_refused,
}
