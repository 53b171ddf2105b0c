//! The end of encrypted streams, and connections that are cut off: ST-21, ST-22.

use std::io;
use std::pin::pin;
use std::task::Poll;

use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_end_of_stream};
use anyrt_core::tls::{TlsError, TlsStream, rustls};
use futures_util::future::join;

use super::tls_support::{
    Authority, Wire, both_ways, both_ways_1_2, error_of, pair, pair_of, pass,
};
use crate::erased::Backend;
use crate::support::{poll_once, run};

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

anyrt_conformance_kit::cases! { tls_end: erased,
    the_end_is_said_again_and_again,
    a_cut_off_connection_is_broken,
    a_cut_off_connection_has_ended_if_relaxed,
    a_record_that_is_cut_off_is_not_received,
    bytes_that_were_changed_are_refused,
    an_error_of_the_transport_stays,
    tls_1_2_ends_like_any_other,
}
