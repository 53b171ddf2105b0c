//! Handshakes that fail, because one side does not trust the other, or does not understand it: ST-18.

use std::io;

use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_end_of_stream,
    memory_byte_stream,
};
use anyrt_core::tls::rustls::{self, AlertDescription, CertificateError};
use anyrt_core::tls::{PeerCertificates, TlsError, TlsServerConfig, TlsStream};

use super::tls_support::{Authority, ROOM, cause, error_of, pair_of, pass, shake_hands, wires};
use crate::erased::Backend;
use crate::support::run;

/// ST-18: a server with an authority that is not trusted is refused; both sides report an error.
pub fn an_unknown_authority_fails_the_handshake(backend: &Backend) {
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

/// ST-18: a server with a certificate for another name is refused, too; the message has both names.
pub fn another_name_fails_the_handshake(backend: &Backend) {
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

/// ST-18: a client without a certificate, or with one of an unknown authority, is refused where one is
/// required.
pub fn a_client_has_to_be_who_it_says(backend: &Backend) {
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

/// ST-18: a server that does not use TLS fails the handshake, and so does a client.
pub fn garbage_fails_the_handshake(backend: &Backend) {
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

/// ST-18: a peer that closes during the handshake fails it, as a broken connection.
pub fn leaving_fails_the_handshake(backend: &Backend) {
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

/// ST-18: a name that cannot be the name of a host is refused at once; the transport is closed.
pub fn what_is_no_host_is_refused(backend: &Backend) {
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

anyrt_conformance_kit::cases! { tls_trust: erased,
    an_unknown_authority_fails_the_handshake,
    another_name_fails_the_handshake,
    a_client_has_to_be_who_it_says,
    garbage_fails_the_handshake,
    leaving_fails_the_handshake,
    what_is_no_host_is_refused,
}
