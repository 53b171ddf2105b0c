//! Tickets, with which clients resume sessions: ST-17.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream};
use anyrt_core::tls::rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use anyrt_core::tls::rustls::crypto::ring;
use anyrt_core::tls::rustls::pki_types::ServerName;
use anyrt_core::tls::rustls::{
    ClientConfig, ClientConnection, HandshakeKind, NamedGroup, RootCertStore, ServerConfig,
};
use anyrt_core::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
use futures_util::future::join;

use super::tls_support::{Authority, ROOM, Wire, pair_of, pass, wires};
use crate::erased::Backend;
use crate::support::{poll_once, run};

/// ST-17: a server's tickets are sent with its first bytes, even if these are its end. A client that only
/// sends would leave them unread, and TCP would reset the connection before the server has received
/// everything.
pub fn tickets_come_with_the_first_answer(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        for answer in [&b"answer"[..], b""] {
            let store = Arc::new(Counting::default());
            let config = remembering(&authority, &store);
            let server = authority.server("host.example");
            let (mut client, mut server) = pair_of(&config, &server).await;
            pass(&mut client, &mut server, b"question").await;
            assert!(
                poll_once(Box::pin(client.receive(1)).as_mut())
                    .await
                    .is_pending()
            );
            assert_eq!(store.tickets(), 0, "there was nothing to say yet");

            if answer.is_empty() {
                server.send_eof().await.unwrap();
                assert!(is_end_of_stream(&client.receive(1).await.unwrap_err()));
            } else {
                pass(&mut server, &mut client, answer).await;
            }
            assert_ne!(store.tickets(), 0);
        }
    });
}

/// ST-17: a server does not accept early data, whatever rustls was configured to do: data that a client
/// sends before the handshake would be lost, or could be replayed by others.
pub fn early_data_is_not_accepted(backend: &Backend) {
    run(backend, async {
        let authority = Authority::new();
        let identity = authority.issue("host.example");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        config.max_early_data_size = 1000;
        let server = TlsServerConfig::from(Arc::new(config));
        let mut config = trusting(&authority);
        config.enable_early_data = true;
        let config = Arc::new(config);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (one, other) = wires(ROOM);
            let name = ServerName::try_from("host.example").unwrap();
            let client = ClientConnection::new(Arc::clone(&config), name).unwrap();
            let serve = async {
                let mut stream = TlsStream::accept(other, &server).await.unwrap();
                assert_eq!(stream.receive(100).await.unwrap(), b"question");
                stream.close().await.unwrap();
            };
            let (client, ()) = join(ask(client, one), serve).await;
            assert_eq!(client.handshake_kind(), Some(kind));
        }
    });
}

/// Runs a client that tries to send early data, up to the end of the answer.
async fn ask(mut client: ClientConnection, mut transport: Wire) -> ClientConnection {
    if let Some(mut early) = client.early_data() {
        early.write_all(b"early").unwrap();
    }
    client.writer().write_all(b"question").unwrap();
    loop {
        while client.wants_write() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            transport.send(&bytes).await.unwrap();
        }
        let Ok(bytes) = transport.receive(ROOM).await else {
            assert!(!client.is_early_data_accepted());
            return client;
        };
        let mut bytes = &bytes[..];
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets().unwrap();
        }
    }
}

/// Returns a configuration for a client that trusts the authority, and keeps its tickets in `store`.
fn remembering(authority: &Authority, store: &Arc<Counting>) -> TlsClientConfig {
    let mut config = trusting(authority);
    config.resumption = Resumption::store(store.clone());
    TlsClientConfig::from(Arc::new(config))
}

/// Returns rustls' configuration for a client that trusts the authority.
fn trusting(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A store that counts tickets, and forgets them.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl Counting {
    fn tickets(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl ClientSessionStore for Counting {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

anyrt_conformance_kit::cases! { tls_tickets: erased,
    tickets_come_with_the_first_answer,
    early_data_is_not_accepted,
}
