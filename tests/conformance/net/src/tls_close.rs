//! Closing encrypted streams, and ending one direction: ST-21, ST-24, EN-29.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, is_broken, is_closed, is_end_of_stream,
};
use futures_io::AsyncWrite;
use futures_util::future::join;

use super::tls_support::{Authority, ROOM, both_ways, both_ways_1_2, pair, pair_of, pass};
use crate::erased::Backend;
use crate::support::run;

/// ST-21: a server that has received to the end closes without an error, though the client is gone and its
/// tickets cannot be delivered.
pub fn a_server_closes_after_its_client(backend: &Backend) {
    run(backend, async {
        for answer in [&b""[..], b"answer"] {
            let (mut client, mut server) = pair().await;
            pass(&mut client, &mut server, b"request").await;
            if !answer.is_empty() {
                pass(&mut server, &mut client, answer).await;
            }
            client.send(b"last").await.unwrap();
            client.close().await.unwrap();
            assert_eq!(server.receive(100).await.unwrap(), b"last");
            assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));
            server.close().await.unwrap();
        }
        let (mut client, mut server) = pair().await;
        pass(&mut client, &mut server, b"request").await;
        client.close().await.unwrap();
        assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));
        assert!(is_broken(&server.send(b"answer").await.unwrap_err()));
    });
}

/// ST-24: with TLS 1.3 one direction can end, and the other continues.
pub fn one_direction_can_end(backend: &Backend) {
    run(backend, async {
        for (mut one, mut other) in both_ways().await {
            pass(&mut one, &mut other, b"question").await;
            one.send_eof().await.unwrap();
            assert!(is_closed(&one.send(b"x").await.unwrap_err()));
            one.send_eof().await.unwrap();
            assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
            let much = vec![7; 200_000];
            pass(&mut other, &mut one, &much).await;
            other.close().await.unwrap();
            assert!(is_end_of_stream(&one.receive(1).await.unwrap_err()));
        }
    });
}

/// ST-24: with TLS 1.2 one direction cannot end: that is refused, and the stream can be used as before.
pub fn tls_1_2_refuses_to_end_one_direction(backend: &Backend) {
    run(backend, async {
        for (mut one, mut other) in both_ways_1_2().await {
            for _ in 0..2 {
                let error = one.send_eof().await.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::Unsupported);
                pass(&mut one, &mut other, b"still").await;
                pass(&mut other, &mut one, b"usable").await;
            }
            // A wrapper around it refuses, too.
            let mut one: Box<dyn ByteStream> = Box::new(one);
            let error = one.send_eof().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            one.send(b"last").await.unwrap();
            one.close().await.unwrap();
            assert_eq!(other.receive(100).await.unwrap(), b"last");
            assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
            // The other direction is the last one now.
            other.send_eof().await.unwrap();
        }
    });
}

/// EN-29: both sides may close at once, whichever is first, and whatever was sent before: neither reports
/// an error.
pub fn both_sides_may_close_at_once(backend: &Backend) {
    run(backend, async {
        for before in ["nothing", "exchanged", "not received", "much"] {
            let [(a, b), (c, d)] = both_ways().await;
            let [(e, f), (g, h)] = both_ways_1_2().await;
            for (mut one, mut other) in [(a, b), (c, d), (e, f), (g, h)] {
                match before {
                    "exchanged" => {
                        pass(&mut one, &mut other, b"request").await;
                        pass(&mut other, &mut one, b"answer").await;
                    }
                    "not received" => {
                        one.send(b"request").await.unwrap();
                        other.send(b"answer").await.unwrap();
                    }
                    // More than a session buffers.
                    "much" => {
                        one.send(&[7; ROOM / 2]).await.unwrap();
                        other.send(&[7; ROOM / 2]).await.unwrap();
                    }
                    _ => {}
                }
                let (first, second) = join(one.close(), other.close()).await;
                first.unwrap_or_else(|error| panic!("first, {before}: {error}"));
                second.unwrap_or_else(|error| panic!("second, {before}: {error}"));
            }
        }
    });
}

/// EN-29: closing after the peer has closed and is gone loses nothing: the bytes that it sent, and its end,
/// are received afterwards.
pub fn closing_keeps_what_the_peer_sent(backend: &Backend) {
    run(backend, async {
        let [(a, b), (c, d)] = both_ways().await;
        let [(e, f), (g, h)] = both_ways_1_2().await;
        for (mut from, mut to) in [(a, b), (c, d), (e, f), (g, h)] {
            let much = vec![7; ROOM / 2];
            from.send(&much).await.unwrap();
            from.close().await.unwrap();
            // As foreign code does it.
            poll_fn(|cx| Pin::new(&mut to).poll_close(cx))
                .await
                .unwrap();
            let mut received = Vec::new();
            while received.len() < much.len() {
                received.extend(to.receive(1000).await.unwrap());
            }
            assert!(received == much);
            assert!(is_end_of_stream(&to.receive(1).await.unwrap_err()));
        }
    });
}

/// EN-29: one direction ends without an error after the peer has closed and is gone.
pub fn one_direction_ends_after_the_peer_is_gone(backend: &Backend) {
    run(backend, async {
        for (mut from, mut to) in both_ways().await {
            from.send(b"last").await.unwrap();
            from.close().await.unwrap();
            to.send_eof().await.unwrap();
            assert_eq!(to.receive(100).await.unwrap(), b"last");
            assert!(is_end_of_stream(&to.receive(1).await.unwrap_err()));
        }
    });
}

/// EN-29: a reset after the peer has ended TLS is not an error of closing, received before or not.
pub fn a_reset_after_the_end_of_tls_is_no_error(backend: &Backend) {
    run(backend, async {
        for received_before in [true, false] {
            let [(a, b), (c, d)] = both_ways().await;
            let [(e, f), (g, h)] = both_ways_1_2().await;
            for (from, mut to) in [(a, b), (c, d), (e, f), (g, h)] {
                from.close().await.unwrap();
                if received_before {
                    assert!(is_end_of_stream(&to.receive(1).await.unwrap_err()));
                }
                to.transport().fail_sending();
                to.close().await.unwrap();
            }
        }
    });
}

/// EN-29: closing reports a peer that is gone and has not ended TLS, unless relaxed.
pub fn closing_after_a_cut_is_broken(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        for relaxed in [false, true] {
            let client = authority.client().relaxed(relaxed);
            let server = authority.server("host.example").relaxed(relaxed);
            let (one, other) = pair_of(&client, &server).await;
            for (mut from, to) in [pair_of(&client, &server).await, (other, one)] {
                from.send(b"not received").await.unwrap();
                drop(from);
                let closed = to.close().await;
                assert_eq!(closed.is_ok(), relaxed);
                assert!(closed.map_or_else(|error| is_broken(&error), |()| true));
            }
            // A peer that is still there, and that no bytes reach, has not ended its side.
            let (_one, other) = pair_of(&client, &server).await;
            other.transport().fail_sending();
            assert!(is_broken(&other.close().await.unwrap_err()));
        }
    });
}

anyrt_conformance_kit::cases! { tls_close: erased,
    a_server_closes_after_its_client,
    one_direction_can_end,
    tls_1_2_refuses_to_end_one_direction,
    both_sides_may_close_at_once,
    closing_keeps_what_the_peer_sent,
    one_direction_ends_after_the_peer_is_gone,
    a_reset_after_the_end_of_tls_is_no_error,
    closing_after_a_cut_is_broken,
}
