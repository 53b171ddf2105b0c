//! Unix sockets: paths, files and packets.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net as system;
use std::pin::pin;
use std::sync::Arc;

use anyrt_core::cancel::CancelScope;
use anyrt_core::net::{
    BoxListener, ConnectedUnixDatagram, Family, Ip, LocalAddress, LocalPort, MultiListener,
    RemoteAddress, RemotePort, ServeOptions, SocketFamily, TcpListener, Unix, UnixAddress,
    UnixDatagram, UnixListenOptions, UnixListener,
};
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, is_closed, is_end_of_stream,
};
use anyrt_core::task::task_group;
use futures_util::future::join;

use super::net_tools::{ANY, connect, connected};
use crate::check_byte_stream;
use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::support::{poll_once, run, until, yields};

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, NET-23: a connection through a Unix socket keeps to the
/// contract.
pub fn unix_streams_keep_the_contract(backend: &OsBackend) {
    let folder = Folder::new();
    let make = async || {
        let path = folder.join("s");
        connected(&UnixListener::<OsR>::bind(&*path).unwrap()).await
    };
    run(backend, check_byte_stream(make, make));
}

/// NET-23: through a path bytes are exchanged in both directions, up to the end; attributes have the
/// address, and no port.
pub fn a_path_connects_both_ways(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        let listener = UnixListener::<OsR>::bind(&*path).unwrap();
        let (mut client, mut server) = connected(&listener).await;
        client.send(b"ping").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"ping");
        server.send(b"pong").await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"pong");
        client.send_eof().await.unwrap();
        assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));

        let address = UnixAddress::from(&*path);
        let unnamed = UnixAddress::Unnamed;
        assert_eq!(client.attribute::<SocketFamily>(), Ok(Family::Unix));
        assert_eq!(
            client.attribute::<RemoteAddress>(),
            Ok(address.clone().into())
        );
        assert_eq!(
            client.attribute::<LocalAddress>(),
            Ok(unnamed.clone().into())
        );
        assert_eq!(
            server.attribute::<LocalAddress>(),
            Ok(address.clone().into())
        );
        assert_eq!(server.attribute::<RemoteAddress>(), Ok(unnamed.into()));
        client.attribute::<LocalPort>().unwrap_err();
        client.attribute::<RemotePort>().unwrap_err();
        assert_eq!(listener.local_addr().unwrap(), address);
        listener.attribute::<RemoteAddress>().unwrap_err();
    });
}

/// NET-24: a path without a file is not found; a file without a listener refuses.
pub fn a_missing_path_is_not_found(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        let error = connect::<OsR, Unix>(&*path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(UnixListener::<OsR>::bind(&*path).unwrap());
        assert!(path.exists(), "the file stays");
        let error = connect::<OsR, Unix>(&*path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// NET-25: the file of a former listener is replaced, whichever program created it.
pub fn a_stale_file_is_replaced(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        drop(system::UnixListener::bind(&path).unwrap());
        for _ in 0..2 {
            let listener = UnixListener::<OsR>::bind(&*path).unwrap();
            connected(&listener).await;
            listener.close();
        }
        drop(system::UnixDatagram::bind(&*path).unwrap_err());
        // The file of a packet socket, too, and by a packet socket.
        drop(UnixDatagram::<OsR>::bind(&*path).unwrap());
        drop(UnixListener::<OsR>::bind(&*path).unwrap());
    });
}

/// NET-25: files that are not sockets, links, and sockets that are in use are left alone.
pub fn other_files_are_left_alone(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let in_use = |path: &std::path::Path| {
            let error = UnixListener::<OsR>::bind(path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{}", path.display());
        };
        let text = folder.join("text");
        fs::write(&text, "valuable").unwrap();
        in_use(&text);
        assert_eq!(fs::read_to_string(&text).unwrap(), "valuable");
        in_use(folder.path());

        let live = folder.join("live");
        let listener = UnixListener::<OsR>::bind(&*live).unwrap();
        in_use(&live);
        // The listener has not noticed the attempt.
        assert!(poll_once(pin!(listener.accept())).await.is_pending());
        connected(&listener).await;

        let packets = folder.join("packets");
        let _socket = UnixDatagram::<OsR>::bind(&*packets).unwrap();
        in_use(&packets);

        let (stale, link) = (folder.join("stale"), folder.join("link"));
        drop(system::UnixListener::bind(&stale).unwrap());
        symlink(&stale, &link).unwrap();
        in_use(&link);
        assert!(stale.exists());
    });
}

/// NET-25: the permissions of the file are those that were requested.
pub fn the_mode_of_the_file_can_be_chosen(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        for mode in [0o600, 0o777] {
            let path = folder.join(format!("{mode:o}"));
            let options = UnixListenOptions::new().mode(mode).backlog(5);
            let listener = UnixListener::<OsR>::bind_with(&*path, &options).unwrap();
            let found = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(found & 0o7777, mode);
            connected(&listener).await;
        }
    });
}

/// NET-23, NET-25: where there are abstract names, they need no file, and end with the socket.
pub fn abstract_names_need_no_file(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let name = folder.path().to_str().unwrap().as_bytes();
        let address = UnixAddress::Abstract(name.to_vec());
        let listener = match UnixListener::<OsR>::bind(address.clone()) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                return eprintln!("this system has no abstract names: skipped");
            }
            listener => listener.unwrap(),
        };
        assert_eq!(listener.local_addr().unwrap(), address);
        let error = UnixListener::<OsR>::bind(address.clone()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let (client, _) = connected(&listener).await;
        assert_eq!(client.peer_addr().unwrap(), address);
        drop(listener);
        UnixListener::<OsR>::bind(address).unwrap();
    });
}

/// NET-22: TCP and Unix listeners are served together, and closed together.
pub fn tcp_and_unix_are_served_together(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        let tcp = TcpListener::<OsR>::bind(ANY).unwrap();
        let address = tcp.local_addr().unwrap();
        let unix = UnixListener::<OsR>::bind(&*path).unwrap();
        let listener = MultiListener::new([BoxListener::new(tcp), BoxListener::new(unix)]);
        assert_eq!(listener.attribute::<LocalPort>(), Ok(address.port()));
        let scope = CancelScope::<OsR>::new();
        let handle = scope.handle();
        let handler = |mut stream: Box<dyn ByteStream>| async move {
            let family = stream.attribute::<SocketFamily>().unwrap();
            stream.send(family.to_string().as_bytes()).await.unwrap();
        };
        let serve = scope.run(ServeOptions::new().serve::<OsR, _, _, _>(&listener, handler));
        let clients = async {
            for _ in 0..2 {
                let mut client = connect::<OsR, Ip>(address).await.unwrap();
                assert_eq!(client.receive(10).await.unwrap(), b"IPv4");
                let mut client = connect::<OsR, Unix>(&*path).await.unwrap();
                assert_eq!(client.receive(10).await.unwrap(), b"Unix");
            }
            handle.cancel();
        };
        join(serve, clients).await.0.unwrap_err();
        drop(listener);
        connect::<OsR, Ip>(address).await.unwrap_err();
        connect::<OsR, Unix>(&*path).await.unwrap_err();
    });
}

/// NET-29: packets are exchanged between paths, and have the address of their sender; a sender without a
/// path is unnamed.
pub fn unix_packets_name_their_senders(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let (here, there) = (folder.join("here"), folder.join("there"));
        let one = UnixDatagram::<OsR>::bind(&*here).unwrap();
        let two = UnixDatagram::<OsR>::bind(&*there).unwrap();
        assert_eq!(one.attribute::<SocketFamily>(), Ok(Family::Unix));
        assert_eq!(one.local_addr().unwrap(), UnixAddress::from(&*here));
        one.send_to(b"ping", &*there).await.unwrap();
        let (packet, from) = two.receive_from(10).await.unwrap();
        assert_eq!(packet, b"ping");
        assert_eq!(from.as_path(), Some(&*here));
        two.send_to(b"pong", from).await.unwrap();
        assert_eq!(one.receive_from(10).await.unwrap().0, b"pong");

        let unbound = UnixDatagram::<OsR>::unbound().unwrap();
        assert_eq!(unbound.local_addr().unwrap(), UnixAddress::Unnamed);
        for packet in [&b"a"[..], b"", b"bc"] {
            unbound.send_to(packet, &*there).await.unwrap();
        }
        for packet in [&b"a"[..], b"", b"bc"] {
            let received = two.receive_from(10).await.unwrap();
            assert_eq!(received, (packet.to_vec(), UnixAddress::Unnamed));
        }
        let error = one.send_to(b"x", folder.join("nobody")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

/// NET-29: a connected socket exchanges packets with its peer.
pub fn connected_unix_packets(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let (here, there) = (folder.join("here"), folder.join("there"));
        let peer = UnixDatagram::<OsR>::bind(&*there).unwrap();
        let socket = ConnectedUnixDatagram::<OsR>::connect_from(&*there, &*here).unwrap();
        assert_eq!(socket.peer_addr().unwrap(), UnixAddress::from(&*there));
        socket.send(b"ping").await.unwrap();
        let (packet, from) = peer.receive_from(10).await.unwrap();
        assert_eq!((&*packet, from.as_path()), (&b"ping"[..], Some(&*here)));
        peer.send_to(b"pong", from).await.unwrap();
        assert_eq!(socket.receive(10).await.unwrap(), b"pong");
        // A socket that was not opened leaves no file.
        let (nobody, own) = (folder.join("nobody"), folder.join("own"));
        let error = ConnectedUnixDatagram::<OsR>::connect_from(&*nobody, &*own);
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!own.exists());
        let nameless = ConnectedUnixDatagram::<OsR>::connect(&*there).unwrap();
        nameless.send(b"psst").await.unwrap();
        let received = peer.receive_from(10).await.unwrap();
        assert_eq!(received, (b"psst".to_vec(), UnixAddress::Unnamed));
        let missing = ConnectedUnixDatagram::<OsR>::connect(folder.join("nobody"));
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    });
}

/// NET-28: closing wakes a task that waits on a Unix datagram socket, too; a second receive is busy.
pub fn closing_a_unix_socket_wakes_its_receiver(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let socket = UnixDatagram::<OsR>::bind(folder.join("s")).unwrap();
        let mut first = pin!(socket.receive_from(10));
        assert!(poll_once(first.as_mut()).await.is_pending());
        let error = socket.receive_from(10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        socket.close();
        assert!(is_closed(&first.await.unwrap_err()));
        let to = folder.join("s");
        assert!(is_closed(&socket.send_to(b"x", to).await.unwrap_err()));
    });
}

/// NET-28, NET-29: a sender waits while its receiver has no room, although others have filled it; meanwhile
/// a second sender is busy. When there is room, the packet is sent.
pub fn a_full_receiver_is_waited_for(backend: &OsBackend) {
    run(backend, async {
        for connected in [false, true] {
            let folder = Folder::new();
            let path = folder.join("s");
            let receiver = UnixDatagram::<OsR>::bind(&*path).unwrap();
            let crowd = system::UnixDatagram::unbound().unwrap();
            crowd.set_nonblocking(true).unwrap();
            let mut waiting = 0;
            while crowd.send_to(b"crowd", &path).is_ok() {
                waiting += 1;
            }
            let one = UnixDatagram::<OsR>::unbound().unwrap();
            let peer = ConnectedUnixDatagram::<OsR>::connect(&*path).unwrap();
            let mut sending = pin!(async {
                if connected {
                    peer.send(b"patience").await
                } else {
                    one.send_to(b"patience", &*path).await
                }
            });
            for _ in 0..5 {
                assert!(poll_once(sending.as_mut()).await.is_pending());
                yields(2).await;
            }
            let error = if connected {
                peer.send(b"busy").await.unwrap_err()
            } else {
                one.send_to(b"busy", &*path).await.unwrap_err()
            };
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
            assert_eq!(receiver.receive_from(10).await.unwrap().0, b"crowd");
            sending.await.unwrap();
            for _ in 1..waiting {
                assert_eq!(receiver.receive_from(10).await.unwrap().0, b"crowd");
            }
            assert_eq!(receiver.receive_from(10).await.unwrap().0, b"patience");
        }
    });
}

/// NET-28: closing wakes a sender, too.
pub fn closing_a_unix_socket_wakes_its_sender(backend: &OsBackend) {
    run(backend, async {
        let folder = Folder::new();
        let path = folder.join("s");
        let _receiver = UnixDatagram::<OsR>::bind(&*path).unwrap();
        let one = Arc::new(UnixDatagram::<OsR>::unbound().unwrap());
        let peer = Arc::new(ConnectedUnixDatagram::<OsR>::connect(&*path).unwrap());
        let group = task_group::<OsR, Infallible, _, _>(async |tg| {
            let shared = one.clone();
            let to = path.clone();
            tg.spawn(async move {
                while let Ok(()) = shared.send_to(b"more", &*to).await {}
                assert!(is_closed(&shared.send_to(b"more", to).await.unwrap_err()));
            });
            let shared = peer.clone();
            tg.spawn(async move {
                while let Ok(()) = shared.send(b"more").await {}
                assert!(is_closed(&shared.send(b"more").await.unwrap_err()));
            });
            let mut polls = 0;
            until(|| {
                polls += 1;
                polls > 200
            })
            .await;
            one.close();
            peer.close();
            Ok(())
        });
        group.await.unwrap();
    });
}

anyrt_conformance_kit::cases! { net_unix: descriptors [Sockets],
    unix_streams_keep_the_contract,
    a_path_connects_both_ways,
    a_missing_path_is_not_found,
    a_stale_file_is_replaced,
    other_files_are_left_alone,
    the_mode_of_the_file_can_be_chosen,
    abstract_names_need_no_file,
    tcp_and_unix_are_served_together,
    unix_packets_name_their_senders,
    connected_unix_packets,
    closing_a_unix_socket_wakes_its_receiver,
    a_full_receiver_is_waited_for,
    closing_a_unix_socket_wakes_its_sender,
}
