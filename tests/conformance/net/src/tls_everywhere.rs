//! Encrypted streams, cancelled at each of their polls: ST-17, C4.

use std::convert::Infallible;

use anyrt_core::cancel::checkpoint;
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_broken, memory_byte_stream};
use anyrt_core::task::task_group;
use anyrt_core::tls::TlsStream;

use super::tls_support::Authority;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::yields;

/// A capacity so small that the handshake takes many polls.
const LITTLE: usize = 50;

/// ST-18, C4: wherever a client's handshake is cancelled, its transport is gone: the server sees
/// that, and nothing hangs.
pub fn a_cancelled_client_is_gone(backend: &Backend) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    cancel_everywhere(
        backend,
        async |cut| {
            let (one, other) = memory_byte_stream(LITTLE);
            let accept = TlsStream::accept(other, &server);
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let serve = async {
                    let mut stream = accept.await?;
                    stream.send(b"x").await?;
                    stream.receive(1).await
                };
                let accepted = tg.spawn(async { Ok(serve.await) });
                let connected = cut
                    .apply(TlsStream::connect(one, "host.example", &client))
                    .await;
                let Some(connected) = connected else {
                    assert!(is_broken(&accepted.value().await.unwrap_err()));
                    return Ok(());
                };
                let mut stream = connected.unwrap();
                assert_eq!(stream.receive(1).await.unwrap(), b"x");
                stream.send(b"y").await.unwrap();
                assert_eq!(accepted.value().await.unwrap(), b"y");
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| {},
    );
}

/// ST-18, C4: the same for a server.
pub fn a_cancelled_server_is_gone(backend: &Backend) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    cancel_everywhere(
        backend,
        async |cut| {
            let (one, other) = memory_byte_stream(LITTLE);
            let connect = TlsStream::connect(one, "host.example", &client);
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                let ask = async { connect.await?.receive(1).await };
                let connected = tg.spawn(async { Ok(ask.await) });
                let accepted = cut.apply(TlsStream::accept(other, &server)).await;
                let Some(accepted) = accepted else {
                    assert!(is_broken(&connected.value().await.unwrap_err()));
                    return Ok(());
                };
                accepted.unwrap().send(b"x").await.unwrap();
                assert_eq!(connected.value().await.unwrap(), b"x");
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| {},
    );
}

/// ST-17, C4: wherever receiving is cancelled, no byte is lost and none is received twice.
pub fn a_cancelled_receive_loses_nothing(backend: &Backend) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    cancel_everywhere(
        backend,
        async |cut| {
            let (one, other) = memory_byte_stream(LITTLE);
            let (connect, accept) = (
                TlsStream::connect(one, "host.example", &client),
                TlsStream::accept(other, &server),
            );
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    let mut from = accept.await.unwrap();
                    for n in 0..8 {
                        from.send(&[n; 30]).await.unwrap();
                        yields(2).await;
                    }
                    from.close().await.unwrap();
                });
                let mut to = connect.await.unwrap();
                let mut received = Vec::new();
                let receive = async {
                    for _ in 0..9 {
                        received.extend(to.receive(20).await.unwrap());
                        checkpoint().await;
                    }
                };
                cut.apply(receive).await;
                while let Ok(bytes) = to.receive(20).await {
                    received.extend(bytes);
                }
                let expected: Vec<u8> = (0..8).flat_map(|n| [n; 30]).collect();
                assert_eq!(received, expected);
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { tls_everywhere: erased,
    a_cancelled_client_is_gone,
    a_cancelled_server_is_gone,
    a_cancelled_receive_loses_nothing,
}
