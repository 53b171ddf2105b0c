//! Encrypted streams: the handshake, and the attributes afterwards: ST-17, ST-19, ST-20, ST-26, ST-27.

use std::io;
use std::sync::Arc;

use anyrt_core::error::AttributeError;
use anyrt_core::net::Connectable;
use anyrt_core::stream::{
    Attribute, AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, MemoryByteStream, is_broken,
    is_closed, is_end_of_stream, memory_byte_stream,
};
use anyrt_core::tls::rustls::{self, AlertDescription, ProtocolVersion};
use anyrt_core::tls::{
    AlpnProtocol, CipherSuite, PeerCertificates, ServerName, ServerSide, StandardCompatible,
    TlsClientConfig, TlsConnectable, TlsServerConfig, TlsStream, TlsVersion, certificates_from_pem,
    private_key_from_pem,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};

use super::tls_support::{Authority, Number, ROOM, cause, pair, pair_of, pass, shake_hands, wires};
use crate::check_byte_stream;
use crate::erased::{Backend, R};
use crate::support::{in_cancelled_scope, run};

/// ST-01, ST-02, ST-03, ST-04, ST-05, ST-07, ST-17: an encrypted stream keeps to the contract, whatever the
/// capacity of its transport.
pub fn encrypted_streams_keep_the_contract(backend: &Backend) {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server("host.example"));
    let make = async |capacity| {
        let (one, other) = memory_byte_stream(capacity);
        let connect = TlsStream::connect(one, "host.example", &client);
        let (client, server) = join(connect, TlsStream::accept(other, &server)).await;
        (client.unwrap(), server.unwrap())
    };
    run(
        backend,
        check_byte_stream(async || make(ROOM).await, async || make(100).await),
    );
}

/// ST-17: after the handshake bytes are exchanged in both directions, and each side sees the end that the
/// other sends.
pub fn bytes_go_both_ways_and_then_the_end(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = pair().await;
        pass(&mut client, &mut server, b"a question").await;
        pass(&mut server, &mut client, b"an answer").await;
        // More than fits into a record, the session and the transport together.
        let much: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        pass(&mut client, &mut server, &much).await;
        pass(&mut server, &mut client, &much).await;
        client.close().await.unwrap();
        let error = server.receive(1).await.unwrap_err();
        assert!(is_end_of_stream(&error));
        server.close().await.unwrap();
    });
}

/// ST-17: the transport may hold as little as a byte; and the server's handshake does not wait for the
/// client to read, which may have much to send first.
pub fn the_transport_may_hold_little(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (config, host) = (authority.client(), "host.example");
        for server in [authority.server(host), authority.server_1_2(host)] {
            for room in [1, 5, 100, 2000] {
                let (one, other) = wires(room);
                let much = vec![7; 5000];
                let ask = async {
                    let mut client = TlsStream::connect(one, host, &config).await.unwrap();
                    client.send(&much).await.unwrap();
                    assert_eq!(client.receive(6).await.unwrap(), b"answer");
                    client.close().await.unwrap();
                };
                let answer = async {
                    let mut server = TlsStream::accept(other, &server).await.unwrap();
                    let mut received = 0;
                    while received < much.len() {
                        received += server.receive(ROOM).await.unwrap().len();
                    }
                    server.send(b"answer").await.unwrap();
                    assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));
                    server.close().await.unwrap();
                };
                join(ask, answer).await;
            }
        }
    });
}

/// ST-17: bytes that a client sends before it closes are received, however early it closes.
pub fn a_client_that_leaves_at_once_is_heard(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (config, server) = (authority.client(), authority.server("host.example"));
        let (one, other) = wires(ROOM);
        let tell = async {
            let mut client = TlsStream::connect(one, "host.example", &config)
                .await
                .unwrap();
            client.send(b"that is all").await.unwrap();
            client.close().await.unwrap();
        };
        let hear = async {
            let mut server = TlsStream::accept(other, &server).await.unwrap();
            assert_eq!(server.receive(100).await.unwrap(), b"that is all");
            assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));
            assert!(is_broken(&server.send(b"x").await.unwrap_err()));
        };
        join(tell, hear).await;
    });
}

/// ST-17: the stream beneath may be an encrypted one.
pub fn an_encrypted_stream_can_be_encrypted_again(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (config, identity) = (authority.client(), authority.server("inner.example"));
        let (client, server) = pair().await;
        let connect = TlsStream::connect(client, "inner.example", &config);
        let accept = TlsStream::accept(server, &identity);
        let (client, server) = join(connect, accept).await;
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        pass(&mut client, &mut server, b"twice").await;
        assert_eq!(client.attribute::<Number>(), Ok(1));
        client.send_eof().await.unwrap();
        assert!(is_end_of_stream(&server.receive(1).await.unwrap_err()));
        pass(&mut server, &mut client, b"still open").await;
    });
}

/// ST-17: a transport that writes 0 bytes is an error, and is not retried forever.
pub fn a_transport_that_takes_nothing_is_an_error(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = pair().await;
        for stream in [&mut client, &mut server] {
            stream.transport().take_nothing();
            let error = stream.send(b"x").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        }
    });
}

/// ST-17, ST-02: sending nothing is not an end, and receiving into an empty buffer does not check for one.
pub fn nothing_is_not_the_end(backend: &Backend) {
    run(backend, async {
        let (mut client, mut server) = pair().await;
        client.send(b"").await.unwrap();
        let nothing = poll_read_empty(&mut server).await;
        assert_eq!(nothing.unwrap(), 0);
        pass(&mut client, &mut server, b"x").await;
        client.send_eof().await.unwrap();
        assert!(is_closed(&client.send(b"").await.unwrap_err()));
        assert!(is_closed(&client.send(b"x").await.unwrap_err()));
        client.send_eof().await.unwrap();
    });
}

async fn poll_read_empty(stream: &mut (impl futures_io::AsyncRead + Unpin)) -> io::Result<usize> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *stream).poll_read(cx, &mut [])).await
}

/// ST-19: the protocol that both sides offer is known to both; without a common protocol there is none.
pub fn a_protocol_is_agreed_on(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (client, server) = (authority.client(), authority.server("host.example"));
        let offering = client.clone().alpn(["b", "a"]);
        let accepting = server.clone().alpn(["a", "b"]);
        for (client, server, agreed) in [
            (&offering, &accepting, Some(b"a".to_vec())),
            (&client, &server, None),
            (&client, &accepting, None),
            (&offering, &server, None),
        ] {
            let (client, server) = pair_of(client, server).await;
            assert_eq!(client.attribute::<AlpnProtocol>(), Ok(agreed.clone()));
            assert_eq!(server.attribute::<AlpnProtocol>(), Ok(agreed));
        }
        let other = server.alpn(["c"]);
        let (client, server) = shake_hands(&offering, "host.example", &other).await;
        let alert = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
        assert_eq!(*cause(&client.unwrap_err()), alert);
        assert_eq!(
            *cause(&server.unwrap_err()),
            rustls::Error::NoApplicationProtocol
        );
    });
}

/// ST-20: attributes of the encryption, and of the transport beneath.
pub fn attributes_tell_of_the_encryption_and_the_transport(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let identity = authority.issue("host.example");
        let leaf = identity.chain[0].clone();
        let server = TlsServerConfig::new(identity.chain, identity.key).unwrap();
        let config = authority.client().relaxed(true);
        let (client, server) = pair_of(&config, &server).await;

        assert_eq!(client.attribute::<PeerCertificates>(), Ok(vec![leaf]));
        assert_eq!(server.attribute::<PeerCertificates>(), Ok(vec![]));
        assert_eq!(client.attribute::<ServerSide>(), Ok(false));
        assert_eq!(server.attribute::<ServerSide>(), Ok(true));
        assert_eq!(client.attribute::<StandardCompatible>(), Ok(false));
        assert_eq!(server.attribute::<StandardCompatible>(), Ok(true));
        let suite = client.attribute::<CipherSuite>().unwrap();
        assert_eq!(server.attribute::<CipherSuite>(), Ok(suite));
        for stream in [&client, &server] {
            let host = Ok(Some("host.example".to_owned()));
            assert_eq!(stream.attribute::<ServerName>(), host);
            let version = stream.attribute::<TlsVersion>();
            assert_eq!(version, Ok(ProtocolVersion::TLSv1_3));
        }
        assert_eq!(client.attribute::<Number>(), Ok(1));
        assert_eq!(server.attribute::<Number>(), Ok(2));
        let missing: Result<(), AttributeError> = client.attribute::<Unknown>();
        assert!(missing.unwrap_err().is_missing());

        let (client, server) = shake_hands(
            &authority.client(),
            "127.0.0.1",
            &authority.server_1_2("127.0.0.1"),
        )
        .await;
        let version = client.unwrap().attribute::<TlsVersion>();
        assert_eq!(version, Ok(ProtocolVersion::TLSv1_2));
        // An address is not sent as a name.
        assert_eq!(server.unwrap().attribute::<ServerName>(), Ok(None));
    });
}

struct Unknown;

impl Attribute for Unknown {
    type Value = ();
    const NAME: &'static str = "unknown";
}

/// ST-26: an international name is sent and compared in its form of IDNA 2008.
pub fn an_international_name_is_matched(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let server = authority.server("xn--fa-hia.example");
        let (client, _) = shake_hands(&authority.client(), "faß.example", &server).await;
        let name = client.unwrap().attribute::<ServerName>();
        assert_eq!(name, Ok(Some("xn--fa-hia.example".to_owned())));
        // The name that IDNA 2003 made of it.
        let server = authority.server("fass.example");
        let (client, _) = shake_hands(&authority.client(), "faß.example", &server).await;
        client.unwrap_err();
    });
}

/// ST-27: connecting by a connectable with TLS on top connects, and performs the handshake.
pub fn a_connectable_can_be_wrapped(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let server = authority.server("host.example");
        let (one, other) = memory_byte_stream(ROOM);
        let inner = Once(Arc::new(std::sync::Mutex::new(Some(one))));
        let connectable = TlsConnectable::new(inner, "host.example", authority.client());
        let accept = TlsStream::accept(other, &server);
        let (client, server) = join(connectable.connect(), accept).await;
        pass(&mut client.unwrap(), &mut server.unwrap(), b"wrapped").await;
        let error = connectable.connect().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// A connectable that connects once.
struct Once(Arc<std::sync::Mutex<Option<MemoryByteStream>>>);

impl Connectable for Once {
    type Stream = MemoryByteStream;

    fn connect(&self) -> BoxFuture<'_, io::Result<MemoryByteStream>> {
        let stream = self.0.lock().unwrap().take();
        async { stream.ok_or(io::ErrorKind::ConnectionRefused.into()) }.boxed()
    }
}

/// C4: a handshake is a cancel point on entry, and has no effect then.
pub fn a_handshake_is_a_cancel_point(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (one, mut other) = memory_byte_stream(ROOM);
        let connect = TlsStream::connect(one, "host.example", &authority.client());
        let interrupted = in_cancelled_scope::<R, _>(connect).await;
        interrupted.unwrap_err();
        assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
        let (mut client, mut server) = pair().await;
        pass(&mut client, &mut server, b"x").await;
        let interrupted = in_cancelled_scope::<R, _>(client.unwrap()).await;
        interrupted.unwrap_err();
        assert!(is_broken(&server.receive(1).await.unwrap_err()));
    });
}

/// ST-17: configurations that could never work are refused, with the reason.
pub fn configurations_are_checked_at_once(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let (one, other) = (
            authority.issue("one.example"),
            authority.issue("other.example"),
        );
        let (chain, key) = (one.chain.clone(), other.key.clone_key());
        TlsServerConfig::new(chain, key).unwrap_err();
        let client = authority.client();
        client.client_certificate(one.chain, other.key).unwrap_err();
        TlsClientConfig::with_roots([]).unwrap_err();
        TlsClientConfig::with_roots([vec![1, 2, 3].into()]).unwrap_err();
        for nothing in ["", "some text", "-----BEGIN CERTIFICATE-----\nbroken"] {
            certificates_from_pem(nothing).unwrap_err();
            private_key_from_pem(nothing).unwrap_err();
        }
    });
}

anyrt_conformance_kit::cases! { tls: erased,
    encrypted_streams_keep_the_contract,
    bytes_go_both_ways_and_then_the_end,
    the_transport_may_hold_little,
    a_client_that_leaves_at_once_is_heard,
    an_encrypted_stream_can_be_encrypted_again,
    a_transport_that_takes_nothing_is_an_error,
    nothing_is_not_the_end,
    a_protocol_is_agreed_on,
    attributes_tell_of_the_encryption_and_the_transport,
    an_international_name_is_matched,
    a_connectable_can_be_wrapped,
    a_handshake_is_a_cancel_point,
    configurations_are_checked_at_once,
}
