//! Connecting to Unix sockets.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::net::{
    Address, ConnectError, Connectable, Family, LocalAddress, LocalPort, RemoteAddress, RemotePort,
    SocketFamily, Unix, UnixAddress, UnixConnectable, as_connectable, connect_unix,
};
use anyrt_core::runtime::{Net, SocketSpec};
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream,
};
use anyrt_core::time::sleep;
use futures_util::future::join;

use super::net_connect_support::accept;
use crate::erased::{OsBackend, OsR};
use crate::support::{in_cancelled_scope, run};

/// A unique path for a socket, removed when this is dropped.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("anyrt-{}-{number}.sock", std::process::id());
        Place(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn listen<R: Net>(at: impl Into<UnixAddress>, backlog: u32) -> R::Socket {
    let at = Address::Unix(at.into());
    R::socket(SocketSpec::Listen { at: &at, backlog }, &[]).unwrap()
}

/// NET-23: a Unix stream carries bytes in both directions; it has a family and addresses, but no ports.
pub fn a_path_can_be_connected_to(backend: &OsBackend) {
    run(backend, async {
        let place = Place::new();
        let listener = listen::<OsR>(&place.0, 16);
        let mut client = connect_unix::<OsR>(&place.0).await.unwrap();
        let mut server = accept::<OsR, Unix>(&listener).await;
        client.send(b"ping").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"ping");
        server.send(b"pong").await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"pong");

        let named = Address::Unix((&place.0).into());
        let unnamed = Address::Unix(UnixAddress::Unnamed);
        assert_eq!(client.attribute::<SocketFamily>(), Ok(Family::Unix));
        assert_eq!(client.attribute::<RemoteAddress>(), Ok(named.clone()));
        assert_eq!(client.attribute::<LocalAddress>(), Ok(unnamed));
        assert_eq!(server.attribute::<LocalAddress>(), Ok(named));
        assert!(client.attribute::<LocalPort>().is_err());
        assert!(client.attribute::<RemotePort>().is_err());
        assert_eq!(client.attribute_or::<RemotePort>(7), 7);

        client.close().await.unwrap();
        let end = server.receive(10).await.unwrap_err();
        assert!(is_end_of_stream(&end), "{end}");
    });
}

/// NET-24: a missing path is not found; a path without a listener any more refuses.
pub fn a_missing_path_is_not_found(backend: &OsBackend) {
    run(backend, async {
        let place = Place::new();
        let error = connect_unix::<OsR>(&place.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let attempts = ConnectError::of(&error).unwrap().attempts();
        assert_eq!(attempts[0].address, Address::Unix((&place.0).into()));

        drop(UnixListener::bind(&place.0).unwrap());
        let error = connect_unix::<OsR>(&place.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let unnamed = connect_unix::<OsR>(UnixAddress::Unnamed).await;
        assert_eq!(unnamed.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}

/// NET-23: abstract names work where the system has them, and are refused elsewhere with an error that
/// names the reason.
pub fn an_abstract_name_can_be_connected_to(backend: &OsBackend) {
    run(backend, async {
        let name = Place::new().0.as_os_str().as_encoded_bytes().to_vec();
        let name = UnixAddress::Abstract(name);
        if !cfg!(target_os = "linux") {
            let error = connect_unix::<OsR>(name).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            return;
        }
        let error = connect_unix::<OsR>(name.clone()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let _listener = listen::<OsR>(name.clone(), 16);
        let client = connect_unix::<OsR>(name.clone()).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), name);
    });
}

/// NET-23: while the queue of the listener is full, connecting waits, and continues afterwards.
pub fn a_full_queue_is_waited_for(backend: &OsBackend) {
    run(backend, async {
        const CLIENTS: usize = 10;
        let place = Place::new();
        let listener = listen::<OsR>(&place.0, 0);
        let clients =
            futures_util::future::join_all((0..CLIENTS).map(|_| connect_unix::<OsR>(&place.0)));
        let servers = async {
            sleep::<OsR>(Duration::from_millis(5)).await;
            let mut servers = Vec::new();
            for _ in 0..CLIENTS {
                servers.push(accept::<OsR, Unix>(&listener).await);
            }
            servers
        };
        let (clients, _servers) = join(clients, servers).await;
        assert!(clients.iter().all(Result::is_ok), "{clients:?}");
    });
}

/// C4: in a cancelled scope no connection is made.
pub fn connecting_to_a_path_is_a_cancel_point(backend: &OsBackend) {
    run(backend, async {
        let place = Place::new();
        let connect = connect_unix::<OsR>(&place.0);
        assert!(
            in_cancelled_scope::<OsR, _>(connect).await.is_err(),
            "that nobody listens there was not found out"
        );
    });
}

/// NET-30: a path is a connectable for a Unix socket, in each of its forms.
pub fn a_path_is_a_connectable(backend: &OsBackend) {
    run(backend, async {
        let place = Place::new();
        let _listener = listen::<OsR>(&place.0, 16);
        let path: &Path = &place.0;
        let named = UnixAddress::Path(path.into());
        let borrowed: UnixConnectable<OsR> = as_connectable(path);
        assert_eq!(borrowed.address(), &named);
        let owned = as_connectable::<OsR, _>(path.to_owned());
        let address = as_connectable::<OsR, _>(named.clone());
        for connectable in [borrowed, owned, address] {
            let stream = connectable.connect().await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), named);
        }
    });
}

anyrt_conformance_kit::cases! { net_connect_unix: descriptors [Sockets],
    a_path_can_be_connected_to,
    a_missing_path_is_not_found,
    an_abstract_name_can_be_connected_to,
    a_full_queue_is_waited_for,
    connecting_to_a_path_is_a_cancel_point,
    a_path_is_a_connectable,
}
