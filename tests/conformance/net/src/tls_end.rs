//! The end of encrypted streams, in each of its forms: ST-21 to ST-24, EN-29.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::tls::{TlsError, TlsStream, rustls};
use futures_io::AsyncWrite;
use futures_util::future::join;

use super::tls_support::{Authority, Pair, ROOM, Wire, error_of, pair, pair_of, pass, wires};
use crate::erased::Backend;
use crate::support::{poll_once, run};

/// Returns a pair for each direction: client to server, and back.
async fn both_ways() -> [Pair; 2] {
    let (client, server) = pair().await;
    [pair().await, (server, client)]
}

/// ST-21: after the peer's closing message, every receive reports the end of the stream.
pub fn the_end_is_said_again_and_again(backend: &Backend) {
    run(backend, async {
        for (mut from, mut to) in both_ways().await {
            from.send(b"last").await.unwrap();
            from.close().await.unwrap();
            assert_eq!(to.receive(100).await.unwrap(), b"last");
            for _ in 0..3 {
                assert!(is_end_of_stream(&to.receive(100).await.unwrap_err()));
            }
        }
    });
}

/// ST-22: a transport that ends without the peer's closing message was cut off, and every receive reports
/// that; bytes before the cut are received.
pub fn a_cut_off_connection_is_broken(backend: &Backend) {
    run(backend, async {
        for (mut from, mut to) in both_ways().await {
            from.send(b"all there is").await.unwrap();
            drop(from);
            assert_eq!(to.receive(100).await.unwrap(), b"all there is");
            for _ in 0..3 {
                let error = to.receive(100).await.unwrap_err();
                assert!(is_broken(&error) && !is_end_of_stream(&error));
                let inner = error.get_ref().unwrap().downcast_ref();
                assert!(matches!(inner, Some(TlsError::CutOff)));
            }
        }
    });
}

/// ST-22: if the configuration is relaxed, a cut is the end of the stream.
pub fn a_cut_off_connection_has_ended_if_relaxed(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let client = authority.client().relaxed(true);
        let server = authority.server("host.example").relaxed(true);
        let (one, other) = pair_of(&client, &server).await;
        for (mut from, mut to) in [pair_of(&client, &server).await, (other, one)] {
            from.send(b"all there is").await.unwrap();
            drop(from);
            assert_eq!(to.receive(100).await.unwrap(), b"all there is");
            for _ in 0..3 {
                assert!(is_end_of_stream(&to.receive(100).await.unwrap_err()));
            }
        }
    });
}

/// ST-22: wherever in a record a connection is cut, nothing of that record is received.
pub fn a_record_that_is_cut_off_is_not_received(backend: &Backend) {
    run(backend, async {
        // Header, five bytes, the kind of the record, and the tag.
        const LENGTH: usize = 5 + 5 + 1 + 16;
        let authority = Authority::new();
        let (client, server) = (authority.client(), authority.server("host.example"));
        for cut in 0..=LENGTH {
            let (mut from, mut to) = pair_of(&client, &server).await;
            pass(&mut from, &mut to, b"before").await;
            from.transport().cut_after(cut);
            from.send(b"bytes").await.unwrap();
            drop(from);
            let mut received = to.receive(100).await;
            if cut == LENGTH {
                assert_eq!(received.unwrap(), b"bytes");
                received = to.receive(100).await;
            }
            assert!(is_broken(&received.unwrap_err()), "cut after {cut}");
        }
    });
}

/// ST-22: bytes that were changed in transit are an error, also for every later receive.
pub fn bytes_that_were_changed_are_refused(backend: &Backend) {
    run(backend, async {
        let (mut from, mut to) = pair().await;
        pass(&mut from, &mut to, b"before").await;
        from.transport().cut_after(10);
        from.send(b"bytes").await.unwrap();
        from.transport().cut_after(usize::MAX);
        from.send(b"more, which completes the record wrongly")
            .await
            .unwrap();
        // It does not wait, though more bytes could arrive.
        for _ in 0..2 {
            assert_refused(&mut to).await;
        }
        drop(from);
        assert_refused(&mut to).await;
    });
}

async fn assert_refused(stream: &mut TlsStream<Wire>) {
    let Poll::Ready(received) = poll_once(pin!(stream.receive(100))).await else {
        panic!("nothing is to be expected after what was refused");
    };
    let error = received.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let inner = error.get_ref().unwrap().downcast_ref();
    assert_eq!(inner, Some(&rustls::Error::DecryptError));
}

/// ST-22: an error of the transport is not an end, for later receives neither; the error of a connection
/// beneath that was cut off is passed on.
pub fn an_error_of_the_transport_stays(backend: &Backend) {
    run(backend, async {
        let (client, server) = nested().await;
        let (other_client, other_server) = nested().await;
        for (from, mut to) in [(client, server), (other_server, other_client)] {
            drop(from);
            for _ in 0..3 {
                let error = to.receive(100).await.unwrap_err();
                assert!(is_broken(&error) && !is_end_of_stream(&error), "{error}");
                assert!(matches!(error_of(&error), TlsError::CutOff));
            }
        }
    });
}

/// Returns client and server, encrypted twice.
async fn nested() -> (TlsStream<TlsStream<Wire>>, TlsStream<TlsStream<Wire>>) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("inner.example"));
    let (one, other) = pair().await;
    let connect = TlsStream::connect(one, "inner.example", &client);
    let (client, server) = join(connect, TlsStream::accept(other, &server)).await;
    (client.unwrap(), server.unwrap())
}

/// ST-23: unwrapping returns the transport, and the bytes that were read after the end of TLS.
pub fn unwrapping_gives_back_the_transport(backend: &Backend) {
    run(backend, async {
        for (mut from, mut to) in both_ways().await {
            pass(&mut from, &mut to, b"secret").await;
            let one = async {
                let (mut transport, rest) = from.unwrap().await.unwrap();
                assert_eq!(rest, b"");
                transport.send(b"in the open").await.unwrap();
                transport
            };
            let other = async {
                assert!(is_end_of_stream(&to.receive(1).await.unwrap_err()));
                to.unwrap().await.unwrap()
            };
            let (mut one, (mut other, rest)) = join(one, other).await;
            let mut received = rest;
            while received.len() < 11 {
                received.extend(other.receive(100).await.unwrap());
            }
            assert_eq!(received, b"in the open");
            pass(&mut other, &mut one, b"both ways").await;
        }
    });
}

/// ST-23: bytes that the peer sends unencrypted together with the end of TLS are not lost.
pub fn what_follows_the_end_of_tls_is_given_back(backend: &Backend) {
    run(backend, async {
        for (mut from, mut to) in both_ways().await {
            // All bytes are in transit before `to` reads: with one read it gets both.
            to.send_eof().await.unwrap();
            from.send(b"secret").await.unwrap();
            let (mut transport, _) = from.unwrap().await.unwrap();
            transport.send(b"in the open").await.unwrap();
            drop(transport);
            assert_eq!(to.receive(100).await.unwrap(), b"secret");
            let (mut transport, mut open) = to.unwrap().await.unwrap();
            assert!(!open.is_empty(), "it was read already");
            while let Ok(bytes) = transport.receive(100).await {
                open.extend(bytes);
            }
            assert_eq!(open, b"in the open");
        }
    });
}

/// ST-23: a peer that has closed its side, and is dropped, has ended TLS, whether that was received before
/// or not.
pub fn unwrapping_goes_with_closing(backend: &Backend) {
    run(backend, async {
        for received_before in [true, false] {
            for (from, mut to) in both_ways().await {
                from.close().await.unwrap();
                if received_before {
                    assert!(is_end_of_stream(&to.receive(1).await.unwrap_err()));
                }
                let (_, rest) = to.unwrap().await.unwrap();
                assert_eq!(rest, b"");
            }
        }
    });
}

/// ST-23: both sides may unwrap at once, however little the transport holds.
pub fn both_sides_may_unwrap_at_once(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (client, server) = (authority.client(), authority.server("host.example"));
        let (one, other) = wires(1);
        let client = async {
            let stream = TlsStream::connect(one, "host.example", &client)
                .await
                .unwrap();
            stream.unwrap().await.unwrap()
        };
        let server = async {
            let stream = TlsStream::accept(other, &server).await.unwrap();
            stream.unwrap().await.unwrap()
        };
        let ((mut one, rest), (mut other, other_rest)) = join(client, server).await;
        assert_eq!((rest, other_rest), (vec![], vec![]));
        pass(&mut one, &mut other, b"open").await;
    });
}

/// ST-23: data that was not received is not lost without an error; nor is a cut.
pub fn unwrapping_loses_nothing_unnoticed(backend: &Backend) {
    run(backend, async {
        for (mut from, to) in both_ways().await {
            from.send(b"not received").await.unwrap();
            let error = to.unwrap().await.unwrap_err();
            let inner = error.get_ref().unwrap().downcast_ref();
            assert!(matches!(inner, Some(TlsError::NotReceived)));
        }
        for (from, to) in both_ways().await {
            drop(from);
            assert!(is_broken(&to.unwrap().await.unwrap_err()));
        }
    });
}

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

/// ST-22, ST-23: the other rules of the end hold with TLS 1.2, too.
pub fn tls_1_2_ends_like_any_other(backend: &Backend) {
    run(backend, async {
        for (mut one, mut other) in both_ways_1_2().await {
            one.send(b"cut").await.unwrap();
            drop(one);
            assert_eq!(other.receive(100).await.unwrap(), b"cut");
            assert!(is_broken(&other.receive(100).await.unwrap_err()));
        }
        for (one, other) in both_ways_1_2().await {
            let (one, other) = join(one.unwrap(), other.unwrap()).await;
            pass(&mut one.unwrap().0, &mut other.unwrap().0, b"open").await;
        }
    });
}

async fn both_ways_1_2() -> [(TlsStream<Wire>, TlsStream<Wire>); 2] {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server_1_2("host.example"));
    let (one, other) = pair_of(&client, &server).await;
    [pair_of(&client, &server).await, (other, one)]
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

anyrt_conformance_kit::cases! { tls_end: erased,
    the_end_is_said_again_and_again,
    a_cut_off_connection_is_broken,
    a_cut_off_connection_has_ended_if_relaxed,
    a_record_that_is_cut_off_is_not_received,
    bytes_that_were_changed_are_refused,
    an_error_of_the_transport_stays,
    unwrapping_gives_back_the_transport,
    what_follows_the_end_of_tls_is_given_back,
    unwrapping_goes_with_closing,
    both_sides_may_unwrap_at_once,
    unwrapping_loses_nothing_unnoticed,
    a_server_closes_after_its_client,
    one_direction_can_end,
    tls_1_2_refuses_to_end_one_direction,
    tls_1_2_ends_like_any_other,
    both_sides_may_close_at_once,
    closing_keeps_what_the_peer_sent,
    one_direction_ends_after_the_peer_is_gone,
    a_reset_after_the_end_of_tls_is_no_error,
    closing_after_a_cut_is_broken,
}
