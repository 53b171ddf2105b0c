//! Listeners: addresses, ports and options.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;

use anyrt_core::net::{
    Family, Ip, ListenOptions, Listener, LocalAddress, LocalPort, LookupError, MultiListener,
    RemoteAddress, RemotePort, SocketFamily, TcpListener, listen_tcp, listen_tcp_with,
};
use anyrt_core::runtime::Net;
use anyrt_core::stream::{AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt};
use anyrt_core::task::task_group;

use super::net_flaws::{COLLISIONS, Collides, NoV6, Odd};
use super::net_tools::{ANY, connect, connected, families, listen};
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, poll_once, run, yields};

/// NET-16: on port 0 the real port is known; accepted connections work, and have the address of their peer.
pub fn a_listener_accepts_connections(backend: &Backend) {
    run(backend, async {
        for family in families::<R>() {
            let listener = TcpListener::<R>::bind((family, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            assert_ne!(address.port(), 0);
            let mut client = connect::<R, Ip>(address).await.unwrap();
            let (mut server, from) = listener.accept().await.unwrap();
            assert_eq!(from, client.local_addr().unwrap());
            assert_eq!(server.peer_addr().unwrap(), from);
            assert_eq!(server.local_addr().unwrap(), address);
            client.send(b"hello").await.unwrap();
            assert_eq!(server.receive(10).await.unwrap(), b"hello");
        }
    });
}

/// NET-16: an accept that waits is woken by a connection, and earlier connections wait in order.
pub fn connections_are_accepted_in_order(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let mut ports = Vec::new();
        let mut accept = pin!(listener.accept());
        assert!(poll_once(accept.as_mut()).await.is_pending());
        let mut clients = Vec::new();
        for _ in 0..3 {
            let client = connect::<R, Ip>(address).await.unwrap();
            ports.push(client.local_addr().unwrap());
            clients.push(client);
        }
        let mut accepted = vec![accept.await.unwrap().1];
        for _ in 0..2 {
            accepted.push(listener.accept().await.unwrap().1);
        }
        assert_eq!(accepted, ports);
    });
}

/// NET-16: closing a listener refuses new connections, and does not affect accepted ones.
pub fn a_closed_listener_refuses_connections(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let (mut client, mut server) = connected(&listener).await;
        listener.close();
        let error = connect::<R, Ip>(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        client.send(b"still here").await.unwrap();
        assert_eq!(server.receive(20).await.unwrap(), b"still here");
    });
}

/// NET-05: a listener knows its local address, and has no remote one.
pub fn a_listener_has_no_remote_address(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        assert_eq!(listener.attribute::<SocketFamily>(), Ok(Family::Ipv4));
        assert_eq!(listener.attribute::<LocalAddress>(), Ok(address.into()));
        assert_eq!(listener.attribute::<LocalPort>(), Ok(address.port()));
        let error = listener.attribute::<RemoteAddress>().unwrap_err();
        assert_eq!(error.name(), "remote address");
        assert!(error.is_missing());
        listener.attribute::<RemotePort>().unwrap_err();
        assert_eq!(listener.attribute_or::<RemotePort>(7), 7);
    });
}

/// NET-08, NET-16: a second accept at the same time fails as busy; the first continues.
pub fn a_second_accept_is_busy(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let mut first = pin!(listener.accept());
        assert!(poll_once(first.as_mut()).await.is_pending());
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert!(error.to_string().contains("accepting"), "{error}");
        let _client = connect::<R, Ip>(address).await.unwrap();
        first.await.unwrap();
        // The finished call does not block another one.
        let mut next = pin!(listener.accept());
        assert!(poll_once(next.as_mut()).await.is_pending());
    });
}

/// C4, NET-16: accepting is a cancel point: when cancelled, it accepts no connection.
pub fn accepting_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let client = connect::<R, Ip>(address).await.unwrap();
        in_cancelled_scope::<R, _>(listener.accept())
            .await
            .unwrap_err();
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    });
}

/// C4, NET-16: wherever accepting is cancelled, the connection is delivered, or accepted next.
pub fn no_connection_is_lost_wherever_accepting_is_cancelled(backend: &Backend) {
    for several in [false, true] {
        cancel_everywhere(
            backend,
            async |cut| {
                let first = TcpListener::<R>::bind(ANY).unwrap();
                let address = first.local_addr().unwrap();
                let mut listeners = vec![first];
                if several {
                    listeners.push(TcpListener::bind(ANY).unwrap());
                }
                let listener = MultiListener::new(listeners);
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    let client = tg.spawn(async move {
                        yields(3).await;
                        let mut client = connect::<R, Ip>(address).await.unwrap();
                        client.send(b"here").await.unwrap();
                        Ok(client)
                    });
                    let mut server = match cut.apply(listener.accept()).await {
                        Some(accepted) => accepted.unwrap(),
                        None => listener.accept().await.unwrap(),
                    };
                    let _client = client.value().await;
                    assert_eq!(server.receive(10).await.unwrap(), b"here");
                    Ok(())
                });
                group.await.unwrap();
            },
            |_, ()| (),
        );
    }
}

/// NET-17: a name with several addresses, and no name, have one listener per address, all on one port that
/// the system chose.
pub fn all_addresses_share_one_port(backend: &Backend) {
    run(backend, async {
        let families = families::<R>();
        for host in [None, Some("localhost")] {
            let listener = listen_tcp::<R>(host, 0).await.unwrap();
            let addresses = own(&listener);
            let port = addresses[0].port();
            assert_ne!(port, 0);
            assert!(addresses.iter().all(|address| address.port() == port));
            assert_eq!(listener.attribute::<LocalPort>(), Ok(port));
            if host.is_none() {
                assert_eq!(addresses.len(), families.len());
                assert!(
                    addresses
                        .iter()
                        .all(|address| address.ip().is_unspecified())
                );
            }
            for address in &addresses {
                let loopback = match address.ip() {
                    IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
                };
                let mut client = connect::<R, Ip>((loopback, port)).await.unwrap();
                let mut server = listener.accept().await.unwrap();
                client.send(b"hello").await.unwrap();
                assert_eq!(server.receive(10).await.unwrap(), b"hello");
            }
        }
    });
}

/// NET-17: a literal address has one listener; options are applied.
pub fn a_literal_address_has_one_listener(backend: &Backend) {
    run(backend, async {
        let options = ListenOptions::new().backlog(1);
        let listener = listen_tcp_with::<R>(Some("127.0.0.1"), 0, &options)
            .await
            .unwrap();
        assert_eq!(listener.listeners().len(), 1);
        assert_eq!(own(&listener)[0].ip(), Ipv4Addr::LOCALHOST);
        in_cancelled_scope::<R, _>(listen_tcp::<R>(None, 0))
            .await
            .unwrap_err();
    });
}

/// NET-18: a port that is in use is a single clear error, with no socket left open.
pub fn a_taken_port_is_one_clear_error(backend: &Backend) {
    run(backend, async {
        // Another case may take the port between the two calls, but not each time.
        for attempt in 1.. {
            let (taken, address) = listen::<R>();
            let error = listen_tcp::<R>(None, address.port()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            let expected = format!("cannot listen at 0.0.0.0:{}", address.port());
            assert!(error.to_string().starts_with(&expected), "{error}");
            drop(taken);
            match listen_tcp::<R>(None, address.port()).await {
                Ok(_) => break,
                Err(error) => assert!(attempt < 20, "{error}"),
            }
        }
    });
}

/// NET-18: families that this machine does not have are left out; if none is left, the error has the
/// addresses that were tried.
pub fn missing_families_are_left_out(backend: &Backend) {
    run(backend, async {
        let listener = listen_tcp::<Odd<R, NoV6>>(None, 0).await.unwrap();
        let addresses = own(&listener);
        assert_eq!(addresses.len(), 1);
        assert!(addresses[0].is_ipv4());

        let error = listen_tcp::<Odd<R, NoV6>>(Some("::1"), 80)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        assert!(
            error.to_string().starts_with("cannot listen at [::1]:80: "),
            "{error}"
        );
    });
}

/// NET-18, NET-32: an address of another machine is an error, although its family is available; so is a
/// name that has no address.
pub fn foreign_addresses_are_errors(backend: &Backend) {
    run(backend, async {
        // Reserved for documentation: no machine has it.
        let error = listen_tcp::<R>(Some("192.0.2.1"), 0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        let error = listen_tcp::<R>(Some("nobody.invalid"), 0).await;
        let error = error.unwrap_err();
        assert_eq!(LookupError::of(&error).unwrap().host(), "nobody.invalid");
    });
}

/// NET-18: if a port that the system chose is in use at the second address, another port is tried; the
/// number of attempts is limited.
pub fn a_collision_is_tried_again(backend: &Backend) {
    run(backend, async {
        if families::<R>().len() < 2 {
            return;
        }
        COLLISIONS.set(3);
        let listener = listen_tcp::<Odd<R, Collides>>(None, 0).await.unwrap();
        assert_eq!(listener.listeners().len(), 2);
        assert_eq!(COLLISIONS.get(), 0);

        COLLISIONS.set(1000);
        let error = listen_tcp::<Odd<R, Collides>>(None, 0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!((900..1000).contains(&COLLISIONS.get()), "it has an end");
    });
}

/// NET-19: a port can be bound while connections of a former listener linger on it.
pub fn an_address_can_be_used_again(backend: &Backend) {
    run(backend, async {
        let (listener, address) = listen::<R>();
        let (mut client, server) = connected(&listener).await;
        // The side that closes first is the one that lingers.
        drop(server);
        drop(listener);
        client.receive(1).await.unwrap_err();
        drop(client);
        TcpListener::<R>::bind(address).unwrap();
        let strict = ListenOptions::new().reuse_address(false);
        let error = TcpListener::<R>::bind_with(address, &strict).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    });
}

/// NET-19: listeners share a port if the option is set; others do not get it.
pub fn a_port_can_be_shared(backend: &Backend) {
    run(backend, async {
        let shared = ListenOptions::new().reuse_port(true);
        let first = TcpListener::<R>::bind_with(ANY, &shared).unwrap();
        let address = first.local_addr().unwrap();
        let error = TcpListener::<R>::bind(address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let second = TcpListener::<R>::bind_with(address, &shared).unwrap();
        drop(first);
        connected(&second).await;
    });
}

/// NET-17, NET-19: listeners of both families can have one port, unless one takes both.
pub fn an_ipv6_listener_leaves_ipv4_alone(backend: &Backend) {
    run(backend, async {
        if families::<R>().len() < 2 {
            return;
        }
        let all = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let (_v4, address) = listen::<R>();
        TcpListener::<R>::bind((all, address.port())).unwrap();

        let both = ListenOptions::new().only_v6(false);
        let listener = TcpListener::<R>::bind_with((all, 0), &both).unwrap();
        let port = listener.local_addr().unwrap().port();
        connect::<R, Ip>((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        listener.accept().await.unwrap();
    });
}

fn own<R: Net>(listener: &MultiListener<TcpListener<R>>) -> Vec<SocketAddr> {
    let addresses = listener.listeners().iter().map(TcpListener::local_addr);
    addresses.collect::<io::Result<_>>().unwrap()
}

anyrt_conformance_kit::cases! { net_listeners: erased [Sockets],
    a_listener_accepts_connections: [whole_transfers],
    connections_are_accepted_in_order,
    a_closed_listener_refuses_connections: [whole_transfers],
    a_listener_has_no_remote_address,
    a_second_accept_is_busy,
    accepting_is_a_cancel_point,
    no_connection_is_lost_wherever_accepting_is_cancelled: [whole_transfers],
    all_addresses_share_one_port: [whole_transfers],
    a_literal_address_has_one_listener,
    a_taken_port_is_one_clear_error,
    missing_families_are_left_out,
    foreign_addresses_are_errors,
    a_collision_is_tried_again,
    an_address_can_be_used_again: [os_sockets, lingering_ports],
    a_port_can_be_shared: [reuse_port],
    an_ipv6_listener_leaves_ipv4_alone: [dual_stack],
}
