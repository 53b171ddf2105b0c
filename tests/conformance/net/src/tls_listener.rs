//! Listeners with encrypted streams: ST-25.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::net::Listener;
use anyrt_core::stream::{
    Attributes, AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, MemoryByteStream,
    MemoryObjectReceiveStream, MemoryObjectSendStream, Request, UNBOUNDED, is_broken,
    is_end_of_stream, memory_byte_stream, memory_object_stream,
};
use anyrt_core::task::task_group;
use anyrt_core::time::now;
use anyrt_core::tls::{ServerSide, StandardCompatible, TlsError, TlsListener, TlsStream};
use futures_util::future::{Either, join, join3, select};

use super::tls_support::{Authority, Identity, ROOM, pass};
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{Backend, R};
use crate::support::{Log, in_cancelled_scope, poll_once, run};

/// A listener without a network.
struct Memory(MemoryObjectReceiveStream<MemoryByteStream>);

impl Listener for Memory {
    type Stream = MemoryByteStream;

    async fn accept(&self) -> io::Result<MemoryByteStream> {
        Ok(self.0.receive().await?)
    }
}

impl Attributes for Memory {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide::<super::tls_support::Number>(|| 7);
    }
}

/// The end that connects to the listener.
#[derive(Clone)]
struct Door(MemoryObjectSendStream<MemoryByteStream>);

impl Door {
    /// Opens a connection without sending anything.
    fn knock(&self, capacity: usize) -> MemoryByteStream {
        let (one, other) = memory_byte_stream(capacity);
        self.0.try_send(other).unwrap();
        one
    }
}

fn listen(authority: &Authority) -> (Door, TlsListener<R, Memory>) {
    let (door, listener) = memory_object_stream(UNBOUNDED);
    let config = authority.server("host.example");
    (Door(door), TlsListener::new(Memory(listener), config))
}

/// ST-25: clients that fail the handshake are dropped and reported, and other clients are not affected.
pub fn a_client_that_fails_is_dropped_alone(backend: &Backend) {
    run(backend, async {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let (door, listener) = listen(&authority);
        let log = Log::new();
        let seen = log.clone();
        let listener = listener.on_failure(move |error| seen.add(error.to_string()));

        let mut garbage = door.knock(ROOM);
        garbage.send(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        drop(door.knock(ROOM));
        let distrusting = door.knock(ROOM);
        let (config, wrong) = (authority.client(), stranger.client());
        let distrusting = TlsStream::connect(distrusting, "host.example", &wrong);
        let good = TlsStream::connect(door.knock(ROOM), "host.example", &config);
        let (accepted, refused, good) = join3(listener.accept(), distrusting, good).await;
        refused.unwrap_err();
        pass(&mut good.unwrap(), &mut accepted.unwrap(), b"welcome").await;

        // The garbage is answered by an alert, and the end.
        while garbage.receive(100).await.is_ok() {}
        let mut next = pin!(listener.accept());
        assert!(poll_once(next.as_mut()).await.is_pending());
        assert_eq!(log.entries().len(), 3, "{:?}", log.entries());
        assert_eq!(listener.failed_handshakes(), 3);
    });
}

/// ST-25: an idle client delays no other client.
pub fn a_silent_client_holds_up_nobody(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (door, listener) = listen(&authority);
        let mut silent = door.knock(ROOM);
        let mut next = pin!(listener.accept());
        assert!(poll_once(next.as_mut()).await.is_pending());
        let client = authority.client();
        let connect = TlsStream::connect(door.knock(ROOM), "host.example", &client);
        // The second client is accepted although the first is still in its handshake.
        let (connected, accepted) = join(connect, next).await;
        pass(&mut connected.unwrap(), &mut accepted.unwrap(), b"welcome").await;
        assert_eq!(listener.failed_handshakes(), 0);
        assert!(poll_once(pin!(silent.receive(1))).await.is_pending());
    });
}

/// ST-25: a client that does not finish its handshake in time is dropped.
pub fn a_handshake_has_its_time(backend: &Backend) {
    run(backend, async {
        let (door, listener) = listen(&Authority::new());
        let limit = Duration::from_millis(30);
        let log = Log::new();
        let seen = log.clone();
        let listener = listener.handshake_limit(limit).on_failure(move |error| {
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            let inner = error.get_ref().unwrap().downcast_ref();
            assert!(matches!(inner, Some(TlsError::HandshakeTooLong(_))));
            seen.add("too long");
        });
        let mut silent = door.knock(ROOM);
        // Some bytes are sent, but not enough.
        silent.send(b"\x16\x03").await.unwrap();
        let started = now::<R>();
        let (accept, receive) = (pin!(listener.accept()), pin!(silent.receive(1)));
        let Either::Right((received, _)) = select(accept, receive).await else {
            panic!("nobody is accepted")
        };
        assert!(is_end_of_stream(&received.unwrap_err()));
        assert!(now::<R>() - started >= limit);
        assert_eq!(log.entries(), ["too long"]);
    });
}

/// ST-25: no more handshakes than allowed run at once; the next begins when one is over.
pub fn handshakes_are_limited_in_number(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (door, listener) = listen(&authority);
        let listener = listener.max_handshakes(2);
        let (silent, other) = (door.knock(ROOM), door.knock(ROOM));
        let client = authority.client();
        let connect = TlsStream::connect(door.knock(ROOM), "host.example", &client);
        let mut connect = pin!(connect);
        let mut next = pin!(listener.accept());
        for _ in 0..10 {
            assert!(poll_once(next.as_mut()).await.is_pending());
            assert!(poll_once(connect.as_mut()).await.is_pending());
        }
        drop(silent);
        let (connected, accepted) = join(connect, next).await;
        pass(&mut connected.unwrap(), &mut accepted.unwrap(), b"welcome").await;
        assert_eq!(listener.failed_handshakes(), 1);
        drop(other);
    });
}

/// ST-25, C4: wherever accepting is cancelled, each client is accepted once.
pub fn a_cancelled_accept_loses_no_client(backend: &Backend) {
    let authority = Authority::new();
    let client = authority.client();
    let Identity { chain, key } = authority.issue("host.example");
    let config = anyrt_core::tls::TlsServerConfig::new(chain, key).unwrap();
    cancel_everywhere(
        backend,
        async |cut| {
            let (door, listener) = memory_object_stream(UNBOUNDED);
            let door = Door(door);
            let listener = TlsListener::<R, _>::new(Memory(listener), config.clone());
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                for n in 0..3_u8 {
                    let connect = TlsStream::connect(door.knock(100), "host.example", &client);
                    tg.spawn(async move {
                        let mut stream = connect.await.unwrap();
                        assert_eq!(stream.receive(1).await.unwrap(), b"x");
                        stream.send(&[n]).await.unwrap();
                    });
                }
                let mut accepted = Vec::new();
                let accept = async {
                    for _ in 0..3 {
                        accepted.push(listener.accept().await.unwrap());
                    }
                };
                cut.apply(accept).await;
                while accepted.len() < 3 {
                    accepted.push(listener.accept().await.unwrap());
                }
                let mut clients = Vec::new();
                for mut stream in accepted {
                    stream.send(b"x").await.unwrap();
                    clients.extend(stream.receive(1).await.unwrap());
                }
                clients.sort_unstable();
                assert_eq!(clients, [0, 1, 2]);
                assert_eq!(listener.failed_handshakes(), 0);
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| {},
    );
}

/// ST-25: several tasks may accept; every client is accepted by one of them.
pub fn several_tasks_may_accept(backend: &Backend) {
    run(backend, async {
        const CLIENTS: usize = 12;
        let authority = Authority::new();
        let (door, listener) = listen(&authority);
        let listener = std::sync::Arc::new(listener);
        let client = authority.client();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for _ in 0..CLIENTS {
                let connect = TlsStream::connect(door.knock(ROOM), "host.example", &client);
                tg.spawn(async move {
                    let mut stream = connect.await.unwrap();
                    assert_eq!(stream.receive(1).await.unwrap(), b"x");
                    stream.close().await.unwrap();
                });
            }
            for _ in 0..4 {
                let listener = listener.clone();
                tg.spawn(async move {
                    for _ in 0..CLIENTS / 4 {
                        let mut stream = listener.accept().await.unwrap();
                        stream.send(b"x").await.unwrap();
                        assert!(is_end_of_stream(&stream.receive(1).await.unwrap_err()));
                    }
                });
            }
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(listener.failed_handshakes(), 0);
    });
}

/// ST-25: handshakes end with the listener, and its errors are returned.
pub fn handshakes_end_with_the_listener(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (door, listener) = listen(&authority);
        assert_eq!(listener.attribute::<ServerSide>(), Ok(true));
        assert_eq!(listener.attribute::<StandardCompatible>(), Ok(true));
        assert_eq!(listener.attribute::<super::tls_support::Number>(), Ok(7));
        let mut silent = door.knock(ROOM);
        {
            let mut next = pin!(listener.accept());
            assert!(poll_once(next.as_mut()).await.is_pending());
            // The dropped call loses nothing; the connection is still there.
        }
        silent.send(b"\x16").await.unwrap();
        let accept = listener.accept();
        let interrupted = in_cancelled_scope::<R, _>(accept).await;
        interrupted.unwrap_err();
        drop(door);
        assert!(is_end_of_stream(&listener.accept().await.unwrap_err()));
        drop(listener);
        assert!(is_end_of_stream(&silent.receive(1).await.unwrap_err()));
        assert!(is_broken(&silent.send(b"x").await.unwrap_err()));
    });
}

anyrt_conformance_kit::cases! { tls_listener: erased [Sockets],
    a_client_that_fails_is_dropped_alone,
    a_silent_client_holds_up_nobody,
    a_handshake_has_its_time,
    handshakes_are_limited_in_number,
    a_cancelled_accept_loses_no_client,
    several_tasks_may_accept,
    handshakes_end_with_the_listener,
}
