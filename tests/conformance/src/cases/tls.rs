//! Encrypted streams: the handshake, and what is known afterwards: ST-17 to ST-20, ST-26, ST-27.

use std::io;
use std::sync::Arc;

use anyrt_core::error::MissingAttribute;
use anyrt_core::net::Connectable;
use anyrt_core::runtime::Enter;
use anyrt_core::stream::{
    Attribute, AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, MemoryByteStream, is_broken,
    is_closed, is_end_of_stream, memory_byte_stream,
};
use anyrt_core::tls::rustls::{self, AlertDescription, CertificateError, ProtocolVersion};
use anyrt_core::tls::{
    AlpnProtocol, CipherSuite, PeerCertificates, ServerName, ServerSide, StandardCompatible,
    TlsClientConfig, TlsConnectable, TlsError, TlsServerConfig, TlsStream, TlsVersion,
    certificates_from_pem, private_key_from_pem,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};

use super::tls_support::{Authority, Number, ROOM, pair, pair_of, pass, shake_hands, wires};
use crate::support::{in_cancelled_scope, run};

/// ST-17: after the handshake bytes go both ways, and each side sees the end that the other says.
pub fn bytes_go_both_ways_and_then_the_end<B: Enter>(backend: &B) {
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

/// ST-17: the transport may hold as little as a byte; and the server's handshake does not wait for
/// the client to read, which may have much to send first.
pub fn the_transport_may_hold_little<B: Enter>(backend: &B) {
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

/// ST-17: what a client sends before it leaves is received, however early it leaves.
pub fn a_client_that_leaves_at_once_is_heard<B: Enter>(backend: &B) {
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
pub fn an_encrypted_stream_can_be_encrypted_again<B: Enter>(backend: &B) {
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

/// ST-17, ST-02: sending nothing is no end, and receiving into nothing no question about it.
pub fn nothing_is_not_the_end<B: Enter>(backend: &B) {
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

/// ST-18: a server whose authority is not trusted is turned down; both sides say so.
pub fn an_unknown_authority_fails_the_handshake<B: Enter>(backend: &B) {
    run(backend, async {
        let (known, unknown) = (Authority::new(), Authority::new());
        let server = unknown.server("host.example");
        let (client, server) = shake_hands(&known.client(), "host.example", &server).await;
        let error = client.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`host.example`") && text.contains("an authority that is trusted"));
        assert!(matches!(
            cause(&error),
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
        ));
        let alert = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(*cause(&server.unwrap_err()), alert);
    });
}

/// ST-18: so is one with a certificate for somebody else; the message has both names.
pub fn another_name_fails_the_handshake<B: Enter>(backend: &B) {
    run(backend, async {
        let authority = Authority::new();
        for (host, name) in [
            ("host.example", "other.example"),
            ("host.example", "*.host.example"),
            ("127.0.0.1", "host.example"),
            ("host.example", "127.0.0.1"),
        ] {
            let server = authority.server(name);
            let (client, server) = shake_hands(&authority.client(), host, &server).await;
            let text = client.unwrap_err().to_string();
            assert!(text.contains(host) && text.contains(name), "{text}");
            server.unwrap_err();
        }
        for (host, name) in [("127.0.0.1", "127.0.0.1"), ("a.b.example", "*.b.example")] {
            let server = authority.server(name);
            let (client, server) = shake_hands(&authority.client(), host, &server).await;
            client.unwrap();
            server.unwrap();
        }
    });
}

/// ST-18: a client without a certificate, or of a stranger, is turned down where one is asked for.
pub fn a_client_has_to_be_who_it_says<B: Enter>(backend: &B) {
    run(backend, async {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let identity = authority.issue("host.example");
        let roots = [authority.certificate()];
        let server =
            TlsServerConfig::with_client_roots(identity.chain, identity.key, roots).unwrap();
        let foreign = stranger.issue("client.example");
        let nobody = authority.client();
        let foreign = authority
            .client()
            .client_certificate(foreign.chain, foreign.key);
        for config in [nobody, foreign.unwrap()] {
            let (client, server) = shake_hands(&config, "host.example", &server).await;
            assert!(
                server
                    .unwrap_err()
                    .to_string()
                    .contains("with a client failed")
            );
            // With TLS 1.3 the client's part was over by then.
            client.unwrap().receive(1).await.unwrap_err();
        }
        let own = authority.issue("client.example");
        let leaf = own.chain[0].clone();
        let config = authority
            .client()
            .client_certificate(own.chain, own.key)
            .unwrap();
        let (mut client, mut server) = pair_of(&config, &server).await;
        pass(&mut server, &mut client, b"welcome").await;
        assert_eq!(server.attribute::<PeerCertificates>(), Ok(vec![leaf]));
    });
}

/// ST-18: a server that does not speak TLS fails the handshake, and so does a client.
pub fn garbage_fails_the_handshake<B: Enter>(backend: &B) {
    run(backend, async {
        let authority = Authority::new();
        for garbage in [
            b"GET / HTTP/1.1\r\nhost: host.example\r\n\r\n".to_vec(),
            vec![0; 100_000],
            vec![0xff; 100],
            b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00".to_vec(),
        ] {
            let (one, mut other) = memory_byte_stream(ROOM);
            let sent = &garbage[..garbage.len().min(ROOM)];
            other.send(sent).await.unwrap();
            let connect = TlsStream::connect(one, "host.example", &authority.client());
            assert!(matches!(
                error_of(&connect.await.unwrap_err()),
                TlsError::Connect { .. }
            ));
            let (one, mut other) = memory_byte_stream(ROOM);
            other.send(sent).await.unwrap();
            let accept = TlsStream::accept(one, &authority.server("host.example"));
            assert!(matches!(
                error_of(&accept.await.unwrap_err()),
                TlsError::Accept { .. }
            ));
        }
    });
}

/// ST-18: who leaves in the middle fails the handshake, as a broken connection.
pub fn leaving_fails_the_handshake<B: Enter>(backend: &B) {
    run(backend, async {
        let authority = Authority::new();
        for bytes in [&b""[..], b"\x16", b"\x16\x03\x01\x00\xf0\x01"] {
            let (one, mut other) = memory_byte_stream(ROOM);
            other.send(bytes).await.unwrap();
            drop(other);
            let accept = TlsStream::accept(one, &authority.server("host.example"));
            let error = accept.await.unwrap_err();
            assert!(matches!(error_of(&error), TlsError::HandshakeCutOff));
            assert!(is_broken(&error));
        }
        let (one, mut other) = memory_byte_stream(ROOM);
        other.send_eof().await.unwrap();
        let connect = TlsStream::connect(one, "host.example", &authority.client());
        assert!(is_broken(&connect.await.unwrap_err()));
    });
}

/// ST-18: what cannot be the name of a host is refused at once; the transport is closed.
pub fn what_is_no_host_is_refused<B: Enter>(backend: &B) {
    run(backend, async {
        let config = Authority::new().client();
        for host in ["", "a b", "-ü.example", "host.example:443"] {
            let (one, mut other) = wires(ROOM);
            let error = TlsStream::connect(one, host, &config).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{host}");
            assert!(error.to_string().contains(host));
            assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
        }
    });
}

/// ST-19: the protocol that both offer is known to both; without one there is none.
pub fn a_protocol_is_agreed_on<B: Enter>(backend: &B) {
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

/// ST-20: what is known of the encryption, and of the transport beneath.
pub fn attributes_tell_of_the_encryption_and_the_transport<B: Enter>(backend: &B) {
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
        let missing: Result<(), MissingAttribute> = client.attribute::<Unknown>();
        missing.unwrap_err();

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
pub fn an_international_name_is_matched<B: Enter>(backend: &B) {
    run(backend, async {
        let authority = Authority::new();
        let server = authority.server("xn--fa-hia.example");
        let (client, _) = shake_hands(&authority.client(), "faß.example", &server).await;
        let name = client.unwrap().attribute::<ServerName>();
        assert_eq!(name, Ok(Some("xn--fa-hia.example".to_owned())));
        // What IDNA 2003 made of it.
        let server = authority.server("fass.example");
        let (client, _) = shake_hands(&authority.client(), "faß.example", &server).await;
        client.unwrap_err();
    });
}

/// ST-27: connecting by a connectable with TLS on top connects, and shakes hands.
pub fn a_connectable_can_be_wrapped<B: Enter>(backend: &B) {
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

/// Connects once.
struct Once(Arc<std::sync::Mutex<Option<MemoryByteStream>>>);

impl Connectable for Once {
    type Stream = MemoryByteStream;

    fn connect(&self) -> BoxFuture<'_, io::Result<MemoryByteStream>> {
        let stream = self.0.lock().unwrap().take();
        async { stream.ok_or(io::ErrorKind::ConnectionRefused.into()) }.boxed()
    }
}

/// C4: a handshake is a cancel point on entry, and has no effect then.
pub fn a_handshake_is_a_cancel_point<B: Enter>(backend: &B) {
    run(backend, async {
        let authority = Authority::new();
        let (one, mut other) = memory_byte_stream(ROOM);
        let connect = TlsStream::connect(one, "host.example", &authority.client());
        let interrupted = in_cancelled_scope::<B::Runtime, _>(connect).await;
        interrupted.unwrap_err();
        assert!(is_end_of_stream(&other.receive(1).await.unwrap_err()));
        let (mut client, mut server) = pair().await;
        pass(&mut client, &mut server, b"x").await;
        let interrupted = in_cancelled_scope::<B::Runtime, _>(client.unwrap()).await;
        interrupted.unwrap_err();
        assert!(is_broken(&server.receive(1).await.unwrap_err()));
    });
}

/// ST-17: configurations refuse what could never work, and say why.
pub fn configurations_are_checked_at_once<B: Enter>(backend: &B) {
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

/// The error of TLS in it.
fn error_of(error: &io::Error) -> &TlsError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

/// The error of rustls in it.
fn cause(error: &io::Error) -> &rustls::Error {
    match error_of(error) {
        TlsError::Connect { cause, .. } | TlsError::Accept { cause, .. } => cause,
        other => panic!("{other}"),
    }
}
