//! Packets: UDP sockets.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use anyrt_core::net::{
    ConnectedUdpSocket, Family, LocalPort, MAX_UDP_PACKET, RemotePort, SocketFamily, UdpSocket,
};
use anyrt_core::runtime::SocketOption;
use anyrt_core::stream::{AttributesExt, is_closed};
use anyrt_core::task::task_group;

use super::net_tools::{ANY, families};
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, pause, poll_once, run, yields};

/// NET-27: a socket on port 0 gets a port; packets arrive with the address of their sender, and can be
/// answered.
pub fn packets_come_with_their_sender(backend: &Backend) {
    run(backend, async {
        for family in families::<R>() {
            let one = UdpSocket::<R>::bind((family, 0)).unwrap();
            let two = UdpSocket::<R>::bind((family, 0)).unwrap();
            let (at_one, at_two) = (one.local_addr().unwrap(), two.local_addr().unwrap());
            assert_ne!(at_one.port(), 0);
            assert_eq!(one.attribute::<LocalPort>(), Ok(at_one.port()));
            let expected = if at_one.is_ipv4() {
                Family::Ipv4
            } else {
                Family::Ipv6
            };
            assert_eq!(one.attribute::<SocketFamily>(), Ok(expected));
            one.attribute::<RemotePort>().unwrap_err();
            one.send_to(b"ping", at_two).await.unwrap();
            let (packet, from) = two.receive_from(100).await.unwrap();
            assert_eq!((&*packet, from), (&b"ping"[..], at_one));
            two.send_to(b"pong", from).await.unwrap();
            let mut buffer = [0; 100];
            let (length, from) = one.receive_from_into(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..length], from), (&b"pong"[..], at_two));
        }
    });
}

/// NET-27: packets keep their borders, also empty ones; one that is too long is truncated, and its rest is
/// not received as a packet.
pub fn packets_keep_their_borders(backend: &Backend) {
    run(backend, async {
        let receiver = UdpSocket::<R>::bind(ANY).unwrap();
        let sender = UdpSocket::<R>::bind(ANY).unwrap();
        let to = receiver.local_addr().unwrap();
        for packet in [&b"one"[..], b"", b"three"] {
            sender.send_to(packet, to).await.unwrap();
        }
        for packet in [&b"one"[..], b"", b"thr"] {
            assert_eq!(receiver.receive_from(3).await.unwrap().0, packet);
        }
        let largest = vec![7; 65_507];
        assert!(largest.len() <= MAX_UDP_PACKET);
        sender.send_to(&largest, to).await.unwrap();
        let (packet, _) = receiver.receive_from(MAX_UDP_PACKET).await.unwrap();
        assert!(packet == largest);
        // One more byte is an error, and the socket stays usable.
        sender.send_to(&[7; 65_508], to).await.unwrap_err();
        sender.send_to(b"more", to).await.unwrap();
        let refused = receiver.receive_from(0).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(receiver.receive_from(10).await.unwrap().0, b"more");
        // Any length can be asked for.
        sender.send_to(b"most", to).await.unwrap();
        let (packet, _) = receiver.receive_from(usize::MAX).await.unwrap();
        assert_eq!(packet, b"most");
        let connected = ConnectedUdpSocket::<R>::connect(to).unwrap();
        let from = connected.local_addr().unwrap();
        receiver.send_to(b"all", from).await.unwrap();
        assert_eq!(connected.receive(usize::MAX).await.unwrap(), b"all");
    });
}

/// NET-27: packets that have arrived together are received one after another.
pub fn packets_that_came_together_are_all_received(backend: &Backend) {
    run(backend, async {
        let peer = UdpSocket::<R>::bind(ANY).unwrap();
        let socket = ConnectedUdpSocket::<R>::connect(peer.local_addr().unwrap());
        let socket = socket.unwrap();
        let to = socket.local_addr().unwrap();
        for packet in [b"one", b"two", b"six"] {
            peer.send_to(packet, to).await.unwrap();
        }
        for packet in [b"one", b"two", b"six"] {
            assert_eq!(socket.receive(100).await.unwrap(), packet);
        }
    });
}

/// NET-27: a connected socket exchanges plain packets with its peer, and receives from no other address.
pub fn a_connected_socket_hears_its_peer_alone(backend: &Backend) {
    run(backend, async {
        let server = UdpSocket::<R>::bind(ANY).unwrap();
        let at_server = server.local_addr().unwrap();
        let client = ConnectedUdpSocket::<R>::connect_from(at_server, ANY).unwrap();
        let at_client = client.local_addr().unwrap();
        assert_eq!(client.peer_addr().unwrap(), at_server);
        assert_eq!(client.attribute::<RemotePort>(), Ok(at_server.port()));
        let stranger = UdpSocket::<R>::bind(ANY).unwrap();
        stranger.send_to(b"psst", at_client).await.unwrap();
        client.send(b"ping").await.unwrap();
        let (packet, from) = server.receive_from(10).await.unwrap();
        assert_eq!((&*packet, from), (&b"ping"[..], at_client));
        server.send_to(b"pong", from).await.unwrap();
        assert_eq!(client.receive(10).await.unwrap(), b"pong");
        server.send_to(b"ping", from).await.unwrap();
        let mut buffer = [0; 10];
        assert_eq!(client.receive_into(&mut buffer).await.unwrap(), 4);

        let chosen = ConnectedUdpSocket::<R>::connect(at_server).unwrap();
        assert_ne!(chosen.local_addr().unwrap().port(), 0);
    });
}

/// NET-27: an earlier packet that was refused is reported, and the socket stays usable.
pub fn a_refused_packet_leaves_the_socket_usable(backend: &Backend) {
    run(backend, async {
        let gone = UdpSocket::<R>::bind(ANY).unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let client = ConnectedUdpSocket::<R>::connect(address).unwrap();
        client.send(b"anybody?").await.unwrap();
        let error = loop {
            match client.send(b"anybody?").await {
                Ok(()) => pause().await,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let back = UdpSocket::<R>::bind(address).unwrap();
        // There may be another error, for the last packet that was sent before.
        drop(client.send(b"once more").await);
        client.send(b"at last").await.unwrap();
        while back.receive_from(10).await.unwrap().0 != b"at last" {}
    });
}

/// NET-27: a socket without a peer is not told that an earlier packet had no receiver. Packets to an address of
/// another family, or to no port, are errors of the call.
pub fn a_refused_packet_is_not_reported_without_a_peer(backend: &Backend) {
    run(backend, async {
        let gone = UdpSocket::<R>::bind(ANY).unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let client = UdpSocket::<R>::bind(ANY).unwrap();
        let own = client.local_addr().unwrap();
        for _ in 0..3 {
            client.send_to(b"anybody?", address).await.unwrap();
            pause().await;
        }
        client.send_to(b"self", own).await.unwrap();
        assert_eq!(client.receive_from(10).await.unwrap().0, b"self");
        client
            .send_to(b"no", SocketAddr::from((Ipv6Addr::LOCALHOST, own.port())))
            .await
            .unwrap_err();
        client
            .send_to(b"no", (Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap_err();
        client.send_to(b"self", own).await.unwrap();
        assert_eq!(client.receive_from(10).await.unwrap().0, b"self");
    });
}

/// NET-28: a second receive at the same time fails as busy; sending does not.
pub fn a_second_receive_is_busy(backend: &Backend) {
    run(backend, async {
        let socket = UdpSocket::<R>::bind(ANY).unwrap();
        let own = socket.local_addr().unwrap();
        let mut first = pin!(socket.receive_from(10));
        assert!(poll_once(first.as_mut()).await.is_pending());
        let error = socket.receive_from(10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert!(error.to_string().contains("receiving"), "{error}");
        socket.send_to(b"self", own).await.unwrap();
        assert_eq!(first.await.unwrap(), (b"self".to_vec(), own));
        assert!(poll_once(pin!(socket.receive_from(10))).await.is_pending());
    });
}

/// NET-28: closing wakes the tasks that wait, the current one and others; from then on the socket is
/// closed; and its port is free when the last task has noticed.
pub fn closing_a_socket_wakes_its_receiver(backend: &Backend) {
    run(backend, async {
        let socket = Arc::new(UdpSocket::<R>::bind(ANY).unwrap());
        let address = socket.local_addr().unwrap();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let shared = socket.clone();
            let receiving = tg.spawn(async move { Ok(shared.receive_from(10).await.unwrap_err()) });
            yields(5).await;
            socket.close();
            socket.close();
            assert!(is_closed(&receiving.value().await));
            Ok(())
        });
        group.await.unwrap();
        assert!(is_closed(&socket.receive_from(10).await.unwrap_err()));
        assert!(is_closed(&socket.send_to(b"x", ANY).await.unwrap_err()));
        assert!(is_closed(&socket.local_addr().unwrap_err()));
        socket.attribute::<LocalPort>().unwrap_err();
        UdpSocket::<R>::bind(address).unwrap();
    });
}

/// NET-28: the same for a connected socket.
pub fn closing_a_connected_socket_wakes_its_receiver(backend: &Backend) {
    run(backend, async {
        let peer = UdpSocket::<R>::bind(ANY).unwrap();
        let to = peer.local_addr().unwrap();
        let socket = ConnectedUdpSocket::<R>::connect(to).unwrap();
        let mut first = pin!(socket.receive(10));
        assert!(poll_once(first.as_mut()).await.is_pending());
        let error = socket.receive(10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        socket.close();
        assert!(is_closed(&first.await.unwrap_err()));
        assert!(is_closed(&socket.receive(10).await.unwrap_err()));
        assert!(is_closed(&socket.send(b"x").await.unwrap_err()));
    });
}

/// NET-28: however closing and receiving are interleaved, the receiver returns.
pub fn closing_never_leaves_a_receiver_behind(backend: &Backend) {
    run(backend, async {
        for round in 0..200 {
            let socket = Arc::new(UdpSocket::<R>::bind(ANY).unwrap());
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let shared = socket.clone();
                tg.spawn(async move {
                    assert!(is_closed(&shared.receive_from(10).await.unwrap_err()));
                });
                let shared = socket.clone();
                tg.spawn(async move {
                    yields(round % 4).await;
                    shared.close();
                });
                Ok(())
            });
            group.await.unwrap();
        }
    });
}

/// C4, NET-27: receiving and sending are cancel points: when cancelled, they have no effect.
pub fn exchanging_packets_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        let socket = UdpSocket::<R>::bind(ANY).unwrap();
        let own = socket.local_addr().unwrap();
        in_cancelled_scope::<R, _>(socket.send_to(b"no", own))
            .await
            .unwrap_err();
        socket.send_to(b"yes", own).await.unwrap();
        in_cancelled_scope::<R, _>(socket.receive_from(10))
            .await
            .unwrap_err();
        assert_eq!(socket.receive_from(10).await.unwrap().0, b"yes");
    });
}

/// C4, NET-27: wherever receiving is cancelled, the packet is delivered, or received next.
pub fn no_packet_is_lost_wherever_receiving_is_cancelled(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let socket = Arc::new(UdpSocket::<R>::bind(ANY).unwrap());
            let own = socket.local_addr().unwrap();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let shared = socket.clone();
                tg.spawn(async move {
                    yields(3).await;
                    shared.send_to(b"here", own).await.unwrap();
                });
                let packet = match cut.apply(socket.receive_from(10)).await {
                    Some(received) => received.unwrap(),
                    None => socket.receive_from(10).await.unwrap(),
                };
                assert_eq!(packet, (b"here".to_vec(), own));
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| (),
    );
}

/// NET-27: options are set before the socket is bound, or later.
pub fn datagram_sockets_have_options(backend: &Backend) {
    run(backend, async {
        let shared = [SocketOption::ReusePort(true)];
        let one = UdpSocket::<R>::bind_with(ANY, &shared).unwrap();
        let own = one.local_addr().unwrap();
        let error = UdpSocket::<R>::bind(own).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        UdpSocket::<R>::bind_with(own, &shared).unwrap();

        let all = (Ipv4Addr::BROADCAST, own.port());
        let error = one.send_to(b"x", all).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        one.set_option(SocketOption::Broadcast(true)).unwrap();
        // There may be no network to send it to.
        if let Err(error) = one.send_to(b"x", all).await {
            assert_ne!(error.kind(), io::ErrorKind::PermissionDenied);
        }
    });
}

anyrt_conformance_kit::cases! { net_datagrams: erased [Sockets],
    packets_come_with_their_sender,
    packets_keep_their_borders: [ordered_datagrams],
    packets_that_came_together_are_all_received: [ordered_datagrams],
    a_connected_socket_hears_its_peer_alone,
    a_refused_packet_leaves_the_socket_usable,
    a_refused_packet_is_not_reported_without_a_peer,
    a_second_receive_is_busy,
    closing_a_socket_wakes_its_receiver,
    closing_a_connected_socket_wakes_its_receiver,
    closing_never_leaves_a_receiver_behind,
    exchanging_packets_is_a_cancel_point,
    no_packet_is_lost_wherever_receiving_is_cancelled,
    datagram_sockets_have_options: [os_sockets, reuse_port],
}
