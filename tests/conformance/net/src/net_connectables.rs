//! Wrappers of connectables: ST-27, and connecting with TLS: NET-30.

use std::io;
use std::pin::pin;

use anyrt_core::net::{Connectable, Ip, RemotePort, SocketStream, as_connectable};
use anyrt_core::runtime::Net;
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_end_of_stream,
    is_invalid_utf8,
};
use anyrt_core::tls::{
    AlpnProtocol, ServerName, StandardCompatible, TlsConnectable, TlsServerConfig, TlsStream,
};
use futures_util::future::join;

use super::net_tools::listen;
use super::tls_support::{Authority, pass};
use crate::erased::{Backend, R};
use crate::support::run;

/// ST-27: streams of a connectable can have a buffer; their attributes are available through it.
pub fn a_connectable_can_be_buffered(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        let connectable = as_connectable::<R, _>(("127.0.0.1", at.port())).buffered();
        assert_eq!(connectable.as_inner().port(), at.port());
        // Any number of times, each with a separate buffer.
        for _ in 0..2 {
            let mut client = connectable.connect().await.unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            assert_eq!(client.attribute::<RemotePort>(), Ok(at.port()));
            server.send(b"a line\r\nand more").await.unwrap();
            let line = client.receive_until(b"\r\n", 100).await;
            assert_eq!(line.unwrap(), b"a line");
            assert_eq!(client.receive_exactly(4).await.unwrap(), b"and ");
            pass(&mut client, &mut server, b"an answer").await;
        }
    });
}

/// ST-27: a connectable can be for text, strict or not.
pub fn a_connectable_can_exchange_text(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        let connectable = as_connectable::<R, _>(("127.0.0.1", at.port())).text();
        assert_eq!(connectable.as_inner().port(), at.port());
        let mut client = connectable.connect().await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(client.attribute::<RemotePort>(), Ok(at.port()));
        server.send("grün".as_bytes()).await.unwrap();
        server.send(b"\xff").await.unwrap();
        let mut received = String::new();
        let error = loop {
            match client.receive().await {
                Ok(text) => received += &text,
                Err(error) => break error,
            }
        };
        assert_eq!(received, "grün");
        assert!(is_invalid_utf8(&error));
        client.send("blau").await.unwrap();
        assert_eq!(server.receive(10).await.unwrap(), b"blau");

        // Wrappers can be nested.
        let lossy = connectable.as_inner().clone().buffered().text().lossy();
        let mut client = lossy.connect().await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.send(b"\xff").await.unwrap();
        assert_eq!(client.receive().await.unwrap(), "\u{fffd}");
        assert_eq!(client.attribute::<RemotePort>(), Ok(at.port()));
    });
}

/// ST-27: streams of a connectable can be encrypted, and then wrapped again.
pub fn a_connectable_can_be_encrypted(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let server = authority.server("host.example");
        let (listener, at) = listen::<R>();
        let tcp = as_connectable::<R, _>(("127.0.0.1", at.port()));
        let connectable = TlsConnectable::new(tcp, "host.example", authority.client());
        assert_eq!(connectable.host(), "host.example");
        assert_eq!(connectable.as_inner().host(), "127.0.0.1");
        let connectable = connectable.buffered();
        for _ in 0..2 {
            let accept = async {
                let (stream, _) = listener.accept().await?;
                TlsStream::accept(stream, &server).await
            };
            let (client, server) = join(connectable.connect(), accept).await;
            let (mut client, mut server) = (client.unwrap(), server.unwrap());
            assert_eq!(client.attribute::<RemotePort>(), Ok(at.port()));
            let name = client.attribute::<ServerName>();
            assert_eq!(name, Ok(Some("host.example".to_owned())));
            pass(&mut client, &mut server, b"a question").await;
            server.send(b"a line\nand more").await.unwrap();
            assert_eq!(client.receive_until(b"\n", 100).await.unwrap(), b"a line");
        }
    });
}

/// ST-27, NET-10: if connecting fails, the error is that of the connectable inside.
pub fn wrapped_connectables_fail_as_what_is_inside(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        listener.close();
        let tcp = as_connectable::<R, _>(("127.0.0.1", at.port()));
        let config = Authority::new().client();
        let errors = [
            tcp.clone().buffered().connect().await.unwrap_err(),
            tcp.clone().text().connect().await.unwrap_err(),
            tcp.tls(config).connect().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    });
}

/// ST-27, C4: a client that is cancelled during the handshake leaves no connection open.
pub fn a_cancelled_handshake_leaves_nothing_open(backend: &Backend) {
    run(backend, async {
        let (listener, at) = listen::<R>();
        let tcp = as_connectable::<R, _>(("127.0.0.1", at.port()));
        let connectable = tcp.tls(Authority::new().client());
        let mut connect = Box::pin(connectable.connect());
        let greeted = async {
            let (mut server, _) = listener.accept().await.unwrap();
            // The handshake has begun, and the answer never arrives.
            assert!(!server.receive(1000).await.unwrap().is_empty());
            server
        };
        let mut greeted = pin!(greeted);
        let mut server = futures_util::future::poll_fn(|cx| {
            assert!(connect.as_mut().poll(cx).is_pending());
            greeted.as_mut().poll(cx)
        })
        .await;
        drop(connect);
        let ended = loop {
            match server.receive(1000).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(is_end_of_stream(&ended) || is_broken(&ended), "{ended}");
    });
}

/// NET-30: with TLS, a host and a port expect the certificate of the host.
pub fn the_host_is_the_name_by_default(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        for (name, fits) in [("localhost", true), ("host.example", false)] {
            let (listener, at) = listen::<R>();
            let tcp = as_connectable::<R, _>(("localhost", at.port()));
            let connectable = tcp.tls(authority.client());
            assert_eq!(connectable.host(), "localhost");
            assert_eq!(connectable.as_inner().port(), at.port());
            let accept = accept_tls::<R>(&listener, authority.server(name));
            // With a connectable that this creates, as with any other.
            let connectable = as_connectable::<R, _>(connectable);
            let (client, server) = join(connectable.connect(), accept).await;
            assert_eq!(client.is_ok(), fits, "{client:?}");
            assert_eq!(server.is_ok(), fits, "{server:?}");
            if let (Ok(mut client), Ok(mut server)) = (client, server) {
                let asked = server.attribute::<ServerName>();
                assert_eq!(asked, Ok(Some("localhost".to_owned())));
                pass(&mut client, &mut server, b"encrypted").await;
            }
        }
    });
}

/// NET-30: an explicit name and the settings of the configuration are passed on.
pub fn explicit_settings_are_carried_through(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let config = authority.client().alpn(["echo"]).relaxed(true);
        let (listener, at) = listen::<R>();
        let tcp = as_connectable::<R, _>(("127.0.0.1", at.port()));
        let implicit = tcp.clone().tls(config.clone());
        let explicit = TlsConnectable::new(tcp, "host.example", config);
        for (connectable, name) in [(implicit, "127.0.0.1"), (explicit, "host.example")] {
            let server = authority.server(name).alpn(["echo"]);
            let accept = accept_tls::<R>(&listener, server);
            let (client, server) = join(connectable.connect(), accept).await;
            let (client, server) = (client.unwrap(), server.unwrap());
            let asked = client.attribute::<ServerName>();
            assert_eq!(asked, Ok(Some(name.to_owned())));
            assert_eq!(client.attribute::<StandardCompatible>(), Ok(false));
            for agreed in [
                client.attribute::<AlpnProtocol>(),
                server.attribute::<AlpnProtocol>(),
            ] {
                assert_eq!(agreed, Ok(Some(b"echo".to_vec())));
            }
        }
    });
}

/// Accepts the next connection, and performs the server's side of a handshake.
async fn accept_tls<R: Net>(
    listener: &anyrt_core::net::TcpListener<R>,
    config: TlsServerConfig,
) -> io::Result<TlsStream<SocketStream<R, Ip>>> {
    let (stream, _) = listener.accept().await?;
    TlsStream::accept(stream, &config).await
}

anyrt_conformance_kit::cases! { net_connectables: erased [Sockets],
    a_connectable_can_be_buffered,
    a_connectable_can_exchange_text: [whole_transfers],
    a_connectable_can_be_encrypted,
    wrapped_connectables_fail_as_what_is_inside,
    a_cancelled_handshake_leaves_nothing_open,
    the_host_is_the_name_by_default,
    explicit_settings_are_carried_through,
}
