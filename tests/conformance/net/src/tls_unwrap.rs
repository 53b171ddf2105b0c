//! Unwrapping the transport of encrypted streams: ST-23.

use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_end_of_stream};
use anyrt_core::tls::{TlsError, TlsStream};
use futures_util::future::join;

use super::tls_support::{Authority, both_ways, pass, wires};
use crate::erased::Backend;
use crate::support::run;

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

anyrt_conformance_kit::cases! { tls_unwrap: erased,
    unwrapping_gives_back_the_transport,
    what_follows_the_end_of_tls_is_given_back,
    unwrapping_goes_with_closing,
    both_sides_may_unwrap_at_once,
    unwrapping_loses_nothing_unnoticed,
}
