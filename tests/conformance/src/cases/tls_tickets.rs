//! Tickets, with which clients come back: ST-17.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::runtime::Enter;
use anyrt_core::stream::{ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream};
use anyrt_core::tls::TlsClientConfig;
use anyrt_core::tls::rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use anyrt_core::tls::rustls::crypto::ring;
use anyrt_core::tls::rustls::pki_types::ServerName;
use anyrt_core::tls::rustls::{ClientConfig, NamedGroup, RootCertStore};

use super::tls_support::{Authority, pair_of, pass};
use crate::support::{poll_once, run};

/// ST-17: a server's tickets come with the first that it has to say, be it the end. A client that
/// only sends would leave them unread, and TCP would reset the connection under what it has sent.
pub fn tickets_come_with_the_first_answer<B: Enter>(backend: &B) {
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

/// A client that trusts the authority, and keeps its tickets there.
fn remembering(authority: &Authority, store: &Arc<Counting>) -> TlsClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::store(store.clone());
    TlsClientConfig::from(Arc::new(config))
}

/// Counts tickets, and forgets them.
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
