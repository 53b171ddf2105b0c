//! Connections: data, ends, halves and attributes.

use std::convert::Infallible;
use std::io;
use std::pin::pin;

use anyrt_core::net::TcpListener;
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::task::task_group;

use super::net_tools::{connected, families, tcp};
use crate::erased::{Backend, R};
use crate::support::{pause, poll_once, run, until, yields};

/// NET-01: bytes are exchanged in both directions, with IPv4 and IPv6.
pub fn a_connection_carries_bytes_both_ways(backend: &Backend) {
    run(backend, async {
        for family in families::<R>() {
            let listener = TcpListener::<R>::bind((family, 0)).unwrap();
            let (mut client, mut server) = connected(&listener).await;
            client.send(b"ping").await.unwrap();
            assert_eq!(server.receive(10).await.unwrap(), b"ping");
            server.send(b"pong").await.unwrap();
            assert_eq!(client.receive(10).await.unwrap(), b"pong");
        }
    });
}

/// NET-01: a loop receives chunks until the peer closes, and the end is reported by each later receive.
pub fn chunks_are_received_until_the_end(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<R>().await;
        let group = task_group::<R, io::Error, _, _>(async |tg| {
            tg.spawn(async move {
                for chunk in [&b"to "[..], b"be ", b"or"] {
                    client.send(chunk).await?;
                    yields(2).await;
                }
                client.close().await
            });
            let mut received = Vec::new();
            let error = loop {
                match server.receive(4).await {
                    Ok(chunk) => received.extend(chunk),
                    Err(error) => break error,
                }
            };
            assert!(is_end_of_stream(&error), "{error}");
            assert!(is_end_of_stream(&server.receive(4).await.unwrap_err()));
            Ok(received)
        });
        assert_eq!(group.await.unwrap(), b"to be or");
    });
}

/// NET-02: sending more than the system buffers is complete only when all was written; the peer
/// gets every byte in order.
pub fn a_large_send_waits_until_all_is_written(backend: &Backend) {
    const SIZE: usize = 16 << 20;
    run(backend, async {
        let (mut client, mut server) = tcp::<R>().await;
        let bytes: Vec<u8> = (0..SIZE).map(|index| (index / 7 % 251) as u8).collect();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let mut received = {
                let mut send = pin!(client.send(&bytes));
                for _ in 0..100 {
                    assert!(poll_once(send.as_mut()).await.is_pending());
                    yields(1).await;
                }
                let receiving = tg.spawn(async move {
                    let mut received = Vec::with_capacity(SIZE);
                    while received.len() < SIZE {
                        received.extend(server.receive(1 << 16).await.unwrap());
                    }
                    Ok((received, server))
                });
                send.await.unwrap();
                receiving.value().await
            };
            assert!(received.0 == bytes, "bytes are missing, or out of order");
            client.close().await.unwrap();
            assert!(is_end_of_stream(&received.1.receive(1).await.unwrap_err()));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// NET-03: after `send_eof` the peer reads the end, and can still answer.
pub fn the_peer_can_answer_after_the_end(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<R>().await;
        client.send(b"question").await.unwrap();
        client.send_eof().await.unwrap();
        client.send_eof().await.unwrap();
        assert_eq!(server.receive(100).await.unwrap(), b"question");
        assert!(is_end_of_stream(&server.receive(100).await.unwrap_err()));
        server.send(b"answer").await.unwrap();
        drop(server);
        assert_eq!(client.receive(100).await.unwrap(), b"answer");
        assert!(is_end_of_stream(&client.receive(100).await.unwrap_err()));
    });
}

/// NET-06: when the peer has closed, sending fails as broken, sooner or later, and from then on.
pub fn sending_to_a_peer_that_has_gone_is_broken(backend: &Backend) {
    run(backend, async {
        let (mut client, server) = tcp::<R>().await;
        drop(server);
        assert!(is_end_of_stream(&client.receive(1).await.unwrap_err()));
        let error = loop {
            if let Err(error) = client.send(b"anybody?").await {
                break error;
            }
            pause().await;
        };
        assert!(is_broken(&error), "{error}");
        assert!(is_broken(&client.send(b"anybody?").await.unwrap_err()));
    });
}

/// NET-06: after `send_eof`, sending fails as closed, also of nothing.
pub fn sending_after_the_own_end_is_closed(backend: &Backend) {
    run(backend, async {
        let (mut client, _server) = tcp::<R>().await;
        client.send_eof().await.unwrap();
        assert!(is_closed(&client.send(b"more").await.unwrap_err()));
        assert!(is_closed(&client.send(b"").await.unwrap_err()));
    });
}

/// NET-06, NET-07: closing the connection from one half wakes the other, which is closed from then on.
pub fn closing_one_half_wakes_the_other(backend: &Backend) {
    run(backend, async {
        let (client, _server) = tcp::<R>().await;
        let (mut send, mut receive) = client.into_split();
        {
            let mut blocked = pin!(receive.receive(1));
            assert!(poll_once(blocked.as_mut()).await.is_pending());
            send.close_connection();
            assert!(is_closed(&blocked.await.unwrap_err()));
        }
        assert!(is_closed(&receive.receive(1).await.unwrap_err()));
        assert!(is_closed(&send.send(b"more").await.unwrap_err()));

        let (client, _server) = tcp::<R>().await;
        let (mut send, receive) = client.into_split();
        let bytes = vec![0; 32 << 20];
        let mut blocked = pin!(send.send(&bytes));
        assert!(poll_once(blocked.as_mut()).await.is_pending());
        receive.close_connection();
        assert!(is_closed(&blocked.await.unwrap_err()));
    });
}

/// NET-07: a half that waits in another task is woken, too.
pub fn closing_one_half_wakes_another_task(backend: &Backend) {
    run(backend, async {
        let (client, _server) = tcp::<R>().await;
        let (send, mut receive) = client.into_split();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let blocked = tg.spawn(async move { Ok(receive.receive(1).await.unwrap_err()) });
            yields(5).await;
            send.close_connection();
            Ok(blocked.value().await)
        });
        assert!(is_closed(&group.await.unwrap()));
    });
}

/// NET-03, NET-06: dropping the sending half ends the stream for the peer; the other half continues.
pub fn halves_end_one_by_one(backend: &Backend) {
    run(backend, async {
        let (client, mut server) = tcp::<R>().await;
        let (mut send, mut receive) = client.into_split();
        send.send(b"all").await.unwrap();
        drop(send);
        assert_eq!(server.receive(10).await.unwrap(), b"all");
        assert!(is_end_of_stream(&server.receive(10).await.unwrap_err()));
        server.send(b"right").await.unwrap();
        assert_eq!(receive.receive(10).await.unwrap(), b"right");
        drop(receive);
        // Both halves are gone: the peer notices.
        loop {
            match server.send(b"anybody?").await {
                Ok(()) => pause().await,
                Err(error) => break assert!(is_broken(&error), "{error}"),
            }
        }
    });
}

/// NET-08: halves make one stream again, but only those of one connection.
pub fn halves_can_be_reunited(backend: &Backend) {
    run(backend, async {
        let (client, mut server) = tcp::<R>().await;
        let (other, _) = tcp::<R>().await;
        let (send, receive) = client.into_split();
        let (other_send, other_receive) = other.into_split();
        let (_, receive) = receive.reunite(other_send).unwrap_err();
        drop(other_receive);
        let mut client = receive.reunite(send).unwrap();
        client.send(b"one").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"one");
    });
}

/// NET-06: bytes that were sent arrive although the stream is dropped at once.
pub fn what_was_sent_arrives_after_the_drop(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = tcp::<R>().await;
        client.send(&[7; 100_000]).await.unwrap();
        drop(client);
        let mut received = 0;
        until(|| true).await;
        while let Ok(chunk) = server.receive(1 << 16).await {
            received += chunk.len();
        }
        assert_eq!(received, 100_000);
    });
}

anyrt_conformance_kit::cases! { net_streams: erased [Sockets],
    a_connection_carries_bytes_both_ways: [whole_transfers],
    chunks_are_received_until_the_end,
    a_large_send_waits_until_all_is_written,
    the_peer_can_answer_after_the_end: [whole_transfers],
    sending_to_a_peer_that_has_gone_is_broken,
    sending_after_the_own_end_is_closed,
    closing_one_half_wakes_the_other,
    closing_one_half_wakes_another_task,
    halves_end_one_by_one: [whole_transfers],
    halves_can_be_reunited: [whole_transfers],
    what_was_sent_arrives_after_the_drop: [big_buffers],
}
