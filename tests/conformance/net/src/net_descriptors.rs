//! Attributes of the descriptors of connections, and descriptors that were opened elsewhere.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use anyrt_core::error::AttributeError;
use anyrt_core::net::{
    Address, Descriptor, Family, Ip, LocalAddress, LocalPort, RemoteAddress, RemotePort,
    SocketFamily, SocketStream, TcpConnector, TcpStream, UnixStream, connect_tcp,
};
use anyrt_core::runtime::{Net, SocketOption};
use anyrt_core::stream::{
    AttributesExt, BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream,
    FilePath, is_broken,
};
use rustix::net::SendFlags;

use super::net_connect_support::{accept, listen};
use super::net_tools::tcp;
use crate::erased::{OsBackend, OsR};
use crate::support::run;

/// NET-05: the attributes of a TCP stream agree with the system's own values.
pub fn attributes_agree_with_the_system(backend: &OsBackend) {
    run(backend, async {
        let (listener, at) = listen::<OsR>();
        let client = connect_tcp::<OsR>("127.0.0.1", at.port()).await.unwrap();
        let server = accept::<OsR, Ip>(&listener).await;
        for stream in [&client, &server] {
            let system = raw(stream);
            let (local, remote) = (system.local_addr().unwrap(), system.peer_addr().unwrap());
            assert_eq!(stream.attribute::<SocketFamily>(), Ok(Family::Ipv4));
            assert_eq!(stream.attribute::<LocalAddress>(), Ok(Address::Ip(local)));
            assert_eq!(stream.attribute::<LocalPort>(), Ok(local.port()));
            assert_eq!(stream.attribute::<RemoteAddress>(), Ok(Address::Ip(remote)));
            assert_eq!(stream.attribute::<RemotePort>(), Ok(remote.port()));
        }
        assert_eq!(client.attribute::<RemotePort>(), Ok(at.port()));
        let (send, receive) = client.into_split();
        assert_eq!(receive.attribute::<RemotePort>(), Ok(at.port()));
        assert_eq!(send.attribute::<RemotePort>(), Ok(at.port()));
    });
}

/// Returns a duplicate of the socket as a type of the standard library.
fn raw<R: Net>(stream: &TcpStream<R>) -> std::net::TcpStream {
    stream.attribute::<Descriptor>().unwrap().into()
}

/// NET-04: connections send small packets at once, connected and accepted ones, unless the caller has set
/// another option.
pub fn connections_do_not_delay(backend: &OsBackend) {
    run(backend, async {
        let (listener, at) = listen::<OsR>();
        let client = connect_tcp::<OsR>("127.0.0.1", at.port()).await.unwrap();
        let server = accept::<OsR, Ip>(&listener).await;
        assert!(raw(&client).nodelay().unwrap());
        assert!(raw(&server).nodelay().unwrap());
        let delaying = TcpConnector::<OsR>::new().option(SocketOption::NoDelay(false));
        let client = delaying.connect("127.0.0.1", at.port()).await.unwrap();
        assert!(!raw(&client).nodelay().unwrap());
    });
}

/// NET-15: a connected socket can be adopted; the stream owns it from then on.
pub fn a_socket_can_be_adopted(backend: &OsBackend) {
    run(backend, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let local = client.local_addr().unwrap();
        let mut stream = TcpStream::<OsR>::adopt(client).unwrap();
        assert_eq!(stream.local_addr().unwrap(), local);
        assert!(raw(&stream).nodelay().unwrap());
        stream.send(b"ping").await.unwrap();
        let mut buffer = [0; 4];
        server.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
        server.write_all(b"pong").unwrap();
        assert_eq!(stream.receive(10).await.unwrap(), b"pong");
        drop(stream);
        assert_eq!(server.read(&mut buffer).unwrap(), 0, "it was closed");

        let (client, mut server) = StdUnixStream::pair().unwrap();
        let mut stream = UnixStream::<OsR>::adopt(client).unwrap();
        server.write_all(b"pong").unwrap();
        assert_eq!(stream.receive(10).await.unwrap(), b"pong");
    });
}

/// NET-15: the reverse: the descriptor is released and used as another type.
pub fn a_socket_can_be_given_away(backend: &OsBackend) {
    run(backend, async {
        let (listener, at) = listen::<OsR>();
        let client = connect_tcp::<OsR>("127.0.0.1", at.port()).await.unwrap();
        let mut server = accept::<OsR, Ip>(&listener).await;
        let mut client = std::net::TcpStream::from(client.into_descriptor().unwrap());
        client.set_nonblocking(false).unwrap();
        client.write_all(b"ping").unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"ping");
        // The descriptor can be adopted again.
        client.set_nonblocking(true).unwrap();
        let mut client = TcpStream::<OsR>::adopt(client).unwrap();
        server.send(b"pong").await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"pong");
    });
}

/// NET-15: a descriptor that is not a connection of the kind is refused, with the reason.
pub fn only_connections_are_adopted(backend: &OsBackend) {
    run(backend, async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let refused = |socket: OwnedFd| {
            let error = SocketStream::<OsR, Ip>::adopt(socket).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
            error.to_string()
        };
        let listener = TcpListener::bind(any).unwrap();
        assert!(refused(listener.into()).contains("listens"));
        refused(UdpSocket::bind(any).unwrap().into());
        refused(StdUnixStream::pair().unwrap().0.into());
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        assert!(refused(file.into()).contains("no socket"));
    });
}

/// ST-01: urgent data, which is kept separately, does not block the data after it.
pub fn urgent_data_keeps_nothing_back(backend: &OsBackend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<OsR>().await;
        client.send(b"before").await.unwrap();
        rustix::net::send(raw(&client), b"!", SendFlags::OOB).unwrap();
        client.send(b"behind").await.unwrap();
        assert_eq!(server.receive(100).await.unwrap(), b"before");
        assert_eq!(server.receive(100).await.unwrap(), b"behind");
    });
}

/// EN-30: after a reset the system no longer knows the address of the peer. That is reported as the
/// system's error, and not as a missing attribute, through every layer; an attribute with a default still
/// has it.
pub fn an_attribute_that_fails_gives_the_error_of_the_system(backend: &OsBackend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<OsR>().await;
        // Closing with unread bytes makes it a reset.
        client.send(b"unread").await.unwrap();
        server.receive(1).await.unwrap();
        drop(server);
        assert!(is_broken(&client.receive(1).await.unwrap_err()));
        let system = raw(&client).peer_addr().unwrap_err();

        let failed = |error: AttributeError| {
            assert!(!error.is_missing(), "{error}");
            let failure = error.io_error().unwrap();
            assert_eq!(failure.raw_os_error(), system.raw_os_error());
            assert!(error.source().is_some());
            assert!(error.to_string().contains(error.name()), "{error}");
            assert!(error.to_string().contains(&system.to_string()), "{error}");
            assert_eq!(io::Error::from(error).kind(), system.kind());
        };
        failed(client.attribute::<RemoteAddress>().unwrap_err());
        failed(client.attribute::<RemotePort>().unwrap_err());
        assert_eq!(client.attribute_or::<RemotePort>(7), 7);
        // The other attributes are read as before.
        assert_eq!(client.attribute::<SocketFamily>(), Ok(Family::Ipv4));
        client.attribute::<LocalAddress>().unwrap();
        assert!(client.attribute::<FilePath>().unwrap_err().is_missing());

        let buffered = BufferedByteStream::new(client);
        failed(buffered.attribute::<RemoteAddress>().unwrap_err());
        let boxed: Box<dyn ByteStream> = Box::new(buffered);
        failed(boxed.attribute::<RemotePort>().unwrap_err());
    });
}

/// EN-30: the same with the halves of a connection, each of them.
pub fn an_attribute_that_fails_does_so_in_each_half(backend: &OsBackend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<OsR>().await;
        client.send(b"unread").await.unwrap();
        server.receive(1).await.unwrap();
        drop(server);
        assert!(is_broken(&client.receive(1).await.unwrap_err()));
        let expected = client.attribute::<RemoteAddress>().unwrap_err();
        let (send, receive) = client.into_split();
        assert_eq!(receive.attribute::<RemoteAddress>().unwrap_err(), expected);
        assert_eq!(send.attribute::<RemoteAddress>().unwrap_err(), expected);
        assert!(!expected.is_missing());
    });
}

anyrt_conformance_kit::cases! { net_descriptors: descriptors [Sockets],
    attributes_agree_with_the_system,
    an_attribute_that_fails_gives_the_error_of_the_system,
    an_attribute_that_fails_does_so_in_each_half,
    connections_do_not_delay,
    a_socket_can_be_adopted,
    a_socket_can_be_given_away,
    only_connections_are_adopted,
    urgent_data_keeps_nothing_back,
}
