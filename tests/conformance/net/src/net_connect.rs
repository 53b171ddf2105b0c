//! Connecting by TCP: addresses and names, options, errors.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyrt_core::cancel::fail_after;
use anyrt_core::net::{
    BoxedStreams, ConnectError, Connectable, Ip, LookupError, RemotePort, TcpConnectable,
    TcpConnector, as_connectable, connect_tcp, interleave, lookup,
};
use anyrt_core::runtime::{Net, Socket, SocketOption};
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, is_end_of_stream,
};
use futures_util::future::{join, poll_fn};

use super::net_connect_support::{
    Refusing, accept, connecting_to, listen, listen_on, loopback_v6, open_to, own_loopback,
    refusing, silent,
};
use super::net_tools::tcp;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, poll_once, run};

/// NET-01: connections over IPv4 and IPv6 send and receive, also in a loop until the peer closes.
pub fn both_families_can_be_connected_to(backend: &Backend) {
    let v4 = Some(Ipv4Addr::LOCALHOST.into());
    let v6 = loopback_v6::<R>("both_families_can_be_connected_to");
    for ip in v4.into_iter().chain(v6) {
        run(backend, async {
            let (listener, at) = listen_on::<R>(ip, 16);
            let host = ip.to_string();
            let (client, mut server) = join(
                connect_tcp::<R>(&host, at.port()),
                accept::<R, Ip>(&listener),
            )
            .await;
            let mut client = client.unwrap();
            assert_eq!(client.peer_addr().unwrap(), at);
            assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
            for chunk in ["one", "two", "three"] {
                client.send(chunk.as_bytes()).await.unwrap();
            }
            client.send_eof().await.unwrap();
            let mut received = Vec::new();
            let end = loop {
                match server.receive(4).await {
                    Ok(chunk) => received.extend(chunk),
                    Err(end) => break end,
                }
            };
            assert!(is_end_of_stream(&end), "{end}");
            assert_eq!(received, b"onetwothree");
            server.send(b"answer").await.unwrap();
            assert_eq!(client.receive(100).await.unwrap(), b"answer");
        });
    }
}

/// NET-09: a receive in a timeout scope ends at the limit, and loses nothing.
pub fn a_receive_ends_at_its_limit(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<R>().await;
        let limit = Duration::from_millis(20);
        let limited = fail_after::<R, _>(limit, client.receive(10)).await;
        assert!(limited.is_err(), "nothing was sent");
        server.send(b"late").await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"late");
    });
}

/// NET-10: without a listener the error is "connection refused", and has the address.
pub fn a_refused_connection_is_an_error(backend: &Backend) {
    run(backend, async {
        let Refusing { address, .. } = &refusing::<R>().await;
        let error = connect_tcp::<R>("127.0.0.1", address.port()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        let attempts = ConnectError::of(&error).unwrap().attempts();
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].address.as_ip(), Some(*address));
        assert!(LookupError::of(&error).is_none());
    });
}

/// NET-10: with several addresses the error holds the error of each attempt, in order.
pub fn each_failed_attempt_is_reported(backend: &Backend) {
    run(backend, async {
        let mut refuse = Vec::new();
        for _ in 0..3 {
            refuse.push(refusing::<R>().await);
        }
        let addresses: Vec<_> = refuse.iter().map(|r| r.address).collect();
        let connector = TcpConnector::<R>::new();
        let error = connector.connect_addresses(&addresses).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let attempts = ConnectError::of(&error).unwrap().attempts();
        let tried: Vec<_> = attempts.iter().filter_map(|a| a.address.as_ip()).collect();
        assert_eq!(tried, addresses);
        for attempt in attempts {
            assert_eq!(attempt.error.kind(), io::ErrorKind::ConnectionRefused);
        }
        let nowhere = connector.connect_addresses(&[]).await.unwrap_err();
        assert_eq!(nowhere.kind(), io::ErrorKind::InvalidInput);
    });
}

/// NET-11: a name that cannot be resolved is distinguished from failed attempts.
pub fn an_unknown_name_is_another_error(backend: &Backend) {
    run(backend, async {
        // A label of more than 63 characters: no server is queried for such a name.
        let name = format!("{}.invalid", "a".repeat(64));
        let error = connect_tcp::<R>(&name, 80).await.unwrap_err();
        assert_eq!(LookupError::of(&error).unwrap().host(), name);
        assert!(ConnectError::of(&error).is_none());
        assert!(error.to_string().contains(&name), "{error}");
    });
}

/// NET-12: IPv6 is tried first if there is one, then the families alternate; each stays in the order of the
/// system.
pub fn the_families_take_turns(_backend: &Backend) {
    let at = |hosts: &[&str]| -> Vec<SocketAddr> {
        let parsed = hosts.iter().map(|host| host.parse::<IpAddr>().unwrap());
        parsed.map(|ip| (ip, 80).into()).collect()
    };
    for (found, ordered) in [
        (at(&["10.0.0.1", "10.0.0.2"]), at(&["10.0.0.1", "10.0.0.2"])),
        (at(&["10.0.0.1", "::1"]), at(&["::1", "10.0.0.1"])),
        (
            at(&["::9", "::5", "10.0.0.9", "::1", "10.0.0.1"]),
            at(&["::9", "10.0.0.9", "::5", "10.0.0.1", "::1"]),
        ),
    ] {
        assert_eq!(interleave(found), ordered);
    }
}

/// NET-12: a name resolves to its addresses, IPv6 first.
pub fn a_name_can_be_connected_to(backend: &Backend) {
    run(backend, async {
        let found = lookup::<R>("localhost", 0).await.unwrap();
        let (v4, at) = listen::<R>();
        let stream = connect_tcp::<R>("localhost", at.port()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().port(), at.port());
        drop((stream, v4));

        let Some(ip) = loopback_v6::<R>("a_name_can_be_connected_to") else {
            return;
        };
        if !found.iter().any(|address| address.ip() == ip) {
            eprintln!("a_name_can_be_connected_to: skipped, as `localhost` has no IPv6 address");
            return;
        }
        let (_v6, at) = listen_on::<R>(ip, 16);
        let stream = connect_tcp::<R>("localhost", at.port()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), at);
    });
}

/// NET-14: the local address and port of a connection can be chosen.
pub fn the_local_address_can_be_chosen(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        // Another program may take the free port, so this may need several attempts.
        for _ in 0..20 {
            let (free, local) = listen::<R>();
            drop(free);
            let connector = TcpConnector::<R>::new()
                .local_address(local)
                .option(SocketOption::ReuseAddress(true));
            let client = match connector.connect("127.0.0.1", at.port()).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                client => client.unwrap(),
            };
            let server = accept::<R, Ip>(&listener).await;
            assert_eq!(client.local_addr().unwrap(), local);
            assert_eq!(server.peer_addr().unwrap(), local);
            return;
        }
        panic!("no port stayed free");
    });
}

/// NET-14: addresses of another family than that of the local address are left out.
pub fn the_local_address_decides_the_family(backend: &Backend) {
    run(backend, async {
        let (_listener, at) = listen::<R>();
        let v6 = SocketAddr::from(([0_u16, 0, 0, 0, 0, 0, 0, 1], at.port()));
        let connector = TcpConnector::<R>::new()
            .local_address((Ipv4Addr::LOCALHOST, 0).into())
            .attempt_delay(Duration::MAX);
        let stream = connector.connect_addresses(&[v6, at]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), at);
        let error = connector.connect("::1", at.port()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(ConnectError::of(&error).is_none(), "it was tried");
    });
}

/// NET-13: an address that does not answer delays no other attempt, and its socket is closed by the time
/// that another has succeeded.
pub fn a_silent_address_is_left_behind(backend: &Backend) {
    run(backend, async {
        let silent = silent::<R>().await;
        let (_listener, at) = listen::<R>();
        let connector = TcpConnector::<R>::new().attempt_delay(Duration::from_millis(10));
        let addresses = [silent.address, silent.address, at];
        let stream = connector.connect_addresses(&addresses).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), at);
        assert!(matches!(connecting_to(silent.address), None | Some(0)));
    });
}

/// NET-13: if two attempts succeed, one connection remains; the peer of the other sees the end.
pub fn a_second_connection_is_closed(backend: &Backend) {
    run(backend, async {
        let (first, first_at) = listen::<R>();
        let (second, second_at) = listen::<R>();
        let connector = TcpConnector::<R>::new().attempt_delay(Duration::ZERO);
        let addresses = [first_at, second_at];
        for _ in 0..10 {
            let stream = connector.connect_addresses(&addresses).await.unwrap();
            let (winner, loser, lost) = if stream.peer_addr().unwrap() == first_at {
                (&first, &second, second_at)
            } else {
                (&second, &first, first_at)
            };
            assert!(matches!(open_to(lost), None | Some(0)));
            // The other attempt may have been too late to connect at all.
            let mut accepting = poll_fn(|cx| loser.poll_accept(cx));
            if let std::task::Poll::Ready(accepted) =
                poll_once(std::pin::Pin::new(&mut accepting)).await
            {
                let (socket, _) = accepted.unwrap();
                let mut buffer = [0; 1];
                let received = poll_fn(|cx| socket.poll_receive(cx, &mut buffer)).await;
                assert!(!matches!(received, Ok(1..)), "nobody sent anything");
            }
            accept::<R, Ip>(winner).await;
        }
    });
}

/// C4: in a cancelled scope no connection is made.
pub fn connecting_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        for host in ["127.0.0.1", "localhost"] {
            let connect = connect_tcp::<R>(host, at.port());
            let refused = in_cancelled_scope::<R, _>(connect).await;
            assert!(refused.is_err());
        }
        assert!(matches!(open_to(at), None | Some(0)));
        // The first connection accepted is this one.
        let client = connect_tcp::<R>("127.0.0.1", at.port()).await.unwrap();
        let server = accept::<R, Ip>(&listener).await;
        assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
    });
}

/// NET-13, C4: wherever connecting is cancelled, no socket stays open.
pub fn a_cancelled_connect_leaves_nothing_open(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let silent = silent::<R>().await;
            let (_listener, at) = listen_on::<R>(own_loopback(), 16);
            let connector = TcpConnector::<R>::new().attempt_delay(Duration::from_millis(1));
            let addresses = [silent.address, silent.address, at];
            let connected = cut.apply(connector.connect_addresses(&addresses)).await;
            let connected = connected.map(Result::unwrap);
            if let Some(left) = connecting_to(silent.address) {
                assert_eq!(left, 0, "attempts are left; {connected:?}");
            }
            if let Some(open) = open_to(at) {
                assert_eq!(open, usize::from(connected.is_some()), "{connected:?}");
            }
        },
        |_, ()| {},
    );
}

/// NET-30: a host and a port connect by TCP, and a connectable is itself; each connects any number of
/// times.
pub fn what_can_be_connected_to_is_a_value(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        let tcp: TcpConnectable<R> = as_connectable(("127.0.0.1", at.port()));
        assert_eq!((tcp.host(), tcp.port()), ("127.0.0.1", at.port()));
        let itself: TcpConnectable<R> = as_connectable::<R, _>(tcp);
        let owned = String::from("127.0.0.1");
        let owned = as_connectable::<R, _>((owned, at.port()));
        echo_once::<R, _>(&owned, &listener).await;
        echo_once::<R, _>(&itself, &listener).await;
        echo_once::<R, _>(&&itself, &listener).await;
        echo_once::<R, _>(&std::sync::Arc::new(itself.clone()), &listener).await;

        let erased: Box<dyn Connectable<Stream = Box<dyn ByteStream>>> =
            Box::new(BoxedStreams(itself));
        echo_once::<R, _>(&erased, &listener).await;
        let stream = as_connectable::<R, _>(erased).connect().await;
        assert_eq!(stream.unwrap().attribute::<RemotePort>(), Ok(at.port()));
    });
}

async fn echo_once<R: Net, C>(connectable: &C, listener: &R::Socket)
where
    C: Connectable<Stream: ByteStream>,
{
    let mut client = connectable.connect().await.unwrap();
    let mut server = accept::<R, Ip>(listener).await;
    client.send(b"ping").await.unwrap();
    assert_eq!(server.receive(10).await.unwrap(), b"ping");
    server.send(b"pong").await.unwrap();
    assert_eq!(client.receive(10).await.unwrap(), b"pong");
}

anyrt_conformance_kit::cases! { net_connect: erased [Sockets],
    both_families_can_be_connected_to: [whole_transfers],
    a_receive_ends_at_its_limit: [whole_transfers],
    a_refused_connection_is_an_error,
    each_failed_attempt_is_reported,
    an_unknown_name_is_another_error,
    the_families_take_turns,
    a_name_can_be_connected_to,
    the_local_address_can_be_chosen,
    the_local_address_decides_the_family,
    a_silent_address_is_left_behind: [full_queues],
    a_second_connection_is_closed,
    connecting_is_a_cancel_point,
    a_cancelled_connect_leaves_nothing_open: [full_queues],
    what_can_be_connected_to_is_a_value: [whole_transfers],
}
