//! The halves of encrypted streams, in two tasks: ST-17, ST-24.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, StapledByteStream,
    is_closed, is_end_of_stream, memory_byte_stream,
};
use anyrt_core::task::task_group;
use anyrt_core::tls::{ServerSide, TlsReceiveHalf, TlsStream, TlsVersion};
use futures_io::AsyncRead;
use futures_util::future::join;

use super::tls_support::{Authority, Number, Wire, pair, pair_of, pass};
use crate::cancel_everywhere::cancel_everywhere;
use crate::check_byte_stream;
use crate::erased::{Backend, R};
use crate::support::{poll_once, run, yields};

/// Returns both ends of an encrypted stream over a transport that holds `room` bytes.
async fn pair_with_room(room: usize) -> (impl ByteStream + Send, impl ByteStream + Send) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    let (one, other) = memory_byte_stream(room);
    let connect = TlsStream::connect(one, "host.example", &client);
    let (client, server) = join(connect, TlsStream::accept(other, &server)).await;
    (stapled(client.unwrap()), stapled(server.unwrap()))
}

/// Splits a stream, and staples its halves together.
fn stapled<S: ByteStream>(stream: TlsStream<S>) -> impl ByteStream + Send {
    let (send, receive) = stream.into_split();
    StapledByteStream::new(send, receive)
}

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-17: halves keep to the contract, whatever the capacity of
/// the transport.
pub fn halves_of_encrypted_streams_keep_the_contract(backend: &Backend) {
    run(
        backend,
        check_byte_stream(
            async || pair_with_room(64 * 1024).await,
            async || pair_with_room(100).await,
        ),
    );
}

/// ST-17: both directions are used at once, by two tasks on each side; all bytes arrive in order.
pub fn two_tasks_use_both_directions_at_once(backend: &Backend) {
    const ROUNDS: usize = 200;
    run(backend, async {
        let authority = Authority::new();
        let (client, server) = (authority.client(), authority.server("host.example"));
        let (one, other) = memory_byte_stream(1000);
        let connect = TlsStream::connect(one, "host.example", &client);
        let (client, server) = join(connect, TlsStream::accept(other, &server)).await;
        let bytes: Vec<u8> = (0..777_u32).map(|n| (n % 251) as u8).collect();
        let group = task_group::<R, io::Error, _, _>(async |tg| {
            for end in [client?, server?] {
                let (mut send, mut receive) = end.into_split();
                let expected = bytes.repeat(ROUNDS);
                let bytes = bytes.clone();
                tg.spawn(async move {
                    for _ in 0..ROUNDS {
                        send.send(&bytes).await?;
                    }
                    send.send_eof().await
                });
                tg.spawn(async move {
                    let mut received = Vec::new();
                    loop {
                        match receive.receive(4096).await {
                            Ok(bytes) => received.extend(bytes),
                            Err(error) if is_end_of_stream(&error) => break,
                            Err(error) => return Err(error),
                        }
                    }
                    assert!(received == expected, "all bytes, in order");
                    Ok(())
                });
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// ST-24: one direction can end alone, and the other half continues, also when the sending half is gone.
pub fn one_half_can_end_alone(backend: &Backend) {
    run(backend, async {
        let (one, mut other) = pair().await;
        let (mut send, mut receive) = one.into_split();
        send.send(b"question").await.unwrap();
        send.send_eof().await.unwrap();
        assert!(is_closed(&send.send(b"x").await.unwrap_err()));
        assert_eq!(other.receive(100).await.unwrap(), b"question");
        assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
        other.send(b"answer").await.unwrap();
        assert_eq!(receive.receive(100).await.unwrap(), b"answer");
        drop(send);
        other.send(b"more").await.unwrap();
        other.close().await.unwrap();
        assert_eq!(receive.receive(100).await.unwrap(), b"more");
        assert!(is_end_of_stream(&receive.receive(1).await.unwrap_err()));
    });
}

/// ST-24: with TLS 1.2 one direction cannot end, and the halves know: ending it is refused, and both can be
/// used as before.
pub fn halves_know_that_tls_1_2_cannot_end_one_direction(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let server = authority.server_1_2("host.example");
        let (one, other) = pair_of(&authority.client(), &server).await;
        let (mut send, mut receive) = one.into_split();
        let (mut other_send, mut other_receive) = other.into_split();
        for _ in 0..2 {
            let error = send.send_eof().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            send.send(b"still").await.unwrap();
            assert_eq!(other_receive.receive(100).await.unwrap(), b"still");
            other_send.send(b"usable").await.unwrap();
            assert_eq!(receive.receive(100).await.unwrap(), b"usable");
        }
        send.close().await.unwrap();
        assert!(is_end_of_stream(
            &other_receive.receive(1).await.unwrap_err()
        ));
        // The other direction is the last one now.
        other_send.send_eof().await.unwrap();
        assert!(is_end_of_stream(&receive.receive(1).await.unwrap_err()));
    });
}

/// ST-10: halves have the attributes of the stream, and of the transport beneath.
pub fn halves_have_the_attributes_of_the_stream(backend: &Backend) {
    run(backend, async {
        let (client, server) = pair().await;
        let version = client.attribute::<TlsVersion>().unwrap();
        let (send, receive) = client.into_split();
        assert_eq!(send.attribute::<TlsVersion>(), Ok(version));
        assert_eq!(receive.attribute::<TlsVersion>(), Ok(version));
        assert_eq!(send.attribute::<Number>(), Ok(1));
        assert_eq!(receive.attribute::<ServerSide>(), Ok(false));
        assert_eq!(server.into_split().0.attribute::<ServerSide>(), Ok(true));
    });
}

/// NET-08: halves make one stream again, but only those of one stream.
pub fn halves_of_encrypted_streams_can_be_reunited(backend: &Backend) {
    run(backend, async {
        let (client, mut server) = pair().await;
        let (other, _) = pair().await;
        let (send, receive) = client.into_split();
        let (other_send, other_receive) = other.into_split();
        let (_, receive) = receive.reunite(other_send).unwrap_err();
        drop(other_receive);
        let mut client = receive.reunite(send).unwrap();
        pass(&mut client, &mut server, b"one").await;
        pass(&mut server, &mut client, b"again").await;
    });
}

/// ST-23: closing one half reads the bytes that a peer has sent before it closed; the other half receives
/// them.
pub fn closing_one_half_keeps_what_the_other_waits_for(backend: &Backend) {
    run(backend, async {
        let (one, mut other) = pair().await;
        one.transport().fail_sending();
        let (send, mut receive) = one.into_split();
        let mut received = Box::pin(receive.receive(100));
        assert!(poll_once(received.as_mut()).await.is_pending());
        other.send(b"last").await.unwrap();
        other.close().await.unwrap();
        send.close().await.unwrap();
        assert_eq!(received.await.unwrap(), b"last");
        assert!(is_end_of_stream(&receive.receive(1).await.unwrap_err()));
    });
}

/// A waker that polls a half while the other is being polled, when the transport wakes it.
struct Inline(Mutex<(TlsReceiveHalf<Wire>, usize)>);

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (half, polls) = &mut *state;
        *polls += 1;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(half).poll_read(&mut cx, &mut [0]).is_pending());
    }
}

/// ST-17: a waker that polls the other half where it is woken finds that half pending, and does not block.
pub fn a_half_that_is_in_use_is_not_waited_for(backend: &Backend) {
    run(backend, async {
        let (one, mut other) = pair().await;
        let (mut send, receive) = one.into_split();
        let inline = Arc::new(Inline(Mutex::new((receive, 0))));
        let waker = Waker::from(inline.clone());
        let mut cx = Context::from_waker(&waker);
        let polled = Pin::new(&mut other).poll_read(&mut cx, &mut [0; 10]);
        assert!(matches!(polled, Poll::Pending));
        send.send(b"bytes").await.unwrap();
        assert_eq!(inline.0.lock().unwrap().1, 1, "it was woken");
        assert_eq!(other.receive(10).await.unwrap(), b"bytes");
    });
}

/// ST-17, C4: wherever receiving is cancelled while another task sends, no byte is lost and none is
/// received twice.
pub fn a_cancelled_half_loses_nothing(backend: &Backend) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    cancel_everywhere(
        backend,
        async |cut| {
            let (one, other) = memory_byte_stream(100);
            let connect = TlsStream::connect(one, "host.example", &client);
            let (one, other) = join(connect, TlsStream::accept(other, &server)).await;
            let (mut send, mut receive) = one.unwrap().into_split();
            let (mut other_send, mut other_receive) = other.unwrap().into_split();
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async move {
                    for n in 0..4 {
                        send.send(&[n; 30]).await.unwrap();
                        yields(1).await;
                    }
                    send.send_eof().await.unwrap();
                });
                tg.spawn(async move {
                    for n in 0..4 {
                        other_send.send(&[n; 30]).await.unwrap();
                        yields(1).await;
                    }
                    other_send.send_eof().await.unwrap();
                });
                let back = tg.spawn(async move {
                    let mut received = Vec::new();
                    while let Ok(bytes) = other_receive.receive(20).await {
                        received.extend(bytes);
                    }
                    Ok(received)
                });
                let mut received = Vec::new();
                let operation = async {
                    while let Ok(bytes) = receive.receive(20).await {
                        received.extend(bytes);
                    }
                };
                cut.apply(operation).await;
                while let Ok(bytes) = receive.receive(20).await {
                    received.extend(bytes);
                }
                let expected: Vec<u8> = (0..4).flat_map(|n| [n; 30]).collect();
                assert_eq!(received, expected);
                assert_eq!(back.value().await, expected);
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { tls_split: erased,
    halves_of_encrypted_streams_keep_the_contract,
    two_tasks_use_both_directions_at_once,
    one_half_can_end_alone,
    halves_know_that_tls_1_2_cannot_end_one_direction,
    halves_have_the_attributes_of_the_stream,
    halves_of_encrypted_streams_can_be_reunited,
    closing_one_half_keeps_what_the_other_waits_for,
    a_half_that_is_in_use_is_not_waited_for,
    a_cancelled_half_loses_nothing,
}
