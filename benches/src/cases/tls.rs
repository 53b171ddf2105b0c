//! Encrypted connections over loopback, with the same configurations of rustls on both sides.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyrt_core::net::TcpStream;
use anyrt_core::runtime::Net;
use anyrt_core::tls::rustls::crypto::ring;
use anyrt_core::tls::rustls::pki_types::{PrivateKeyDer, ServerName};
use anyrt_core::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use anyrt_core::tls::{TlsClientConfig, TlsServerConfig, TlsStream};
use futures_util::future::try_join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::net::{Connection, Transport, echo_over};
use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, Setup, TokioCurrent, TokioTwo};

/// The largest ratio: rustls does the same work on both sides.
const FLOOR: Floor = Floor::Ratio(1.02);

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<TokioTwo>(cases);
}

fn add_on<L: Setup<Runtime: Net>>(cases: &mut Vec<Case>) {
    for (name, size, count) in [
        ("TLS echo, 64 bytes", 64, 20_000),
        ("TLS echo, 64 KiB", 64 * 1024, 2_000),
    ] {
        cases.push(Case::new(
            name,
            L::NAME,
            "tokio-rustls",
            count,
            FLOOR,
            move |side, count| match side {
                Side::Ours => setup::ours::<L, _>(echo::<Ours<L::Runtime>>(size, count)),
                Side::Theirs => setup::native::<L, _, _>(|_| echo::<Theirs>(size, count)),
            },
        ));
    }
    cases.push(Case::new(
        "TLS connect, shake hands and close",
        L::NAME,
        "tokio-rustls",
        1_000,
        Floor::None,
        |side, count| match side {
            Side::Ours => setup::ours::<L, _>(connect::<Ours<L::Runtime>>(count)),
            Side::Theirs => setup::native::<L, _, _>(|_| connect::<Theirs>(count)),
        },
    ));
}

async fn echo<E: Encrypted>(size: usize, count: usize) -> Duration {
    let listener = E::Plain::listen().await.expect("loopback is there");
    let mut pair = [pair::<E>(&listener).await];
    echo_over(&mut pair, size, count).await
}

async fn connect<E: Encrypted>(count: usize) -> Duration {
    let listener = E::Plain::listen().await.expect("loopback is there");
    let start = Start::now();
    for _ in 0..count {
        drop(pair::<E>(&listener).await);
    }
    start.elapsed()
}

async fn pair<E: Encrypted>(listener: &<E::Plain as Connection>::Listener) -> (E, E) {
    let pair = async {
        let (client, server) = E::Plain::pair(listener).await?;
        try_join(E::connect(client), E::accept(server)).await
    };
    pair.await.expect("client and server trust each other")
}

/// An encrypted stream over a runtime's own connections.
trait Encrypted: Transport + Sized {
    type Plain: Connection;

    fn connect(plain: Self::Plain) -> impl Future<Output = io::Result<Self>> + Send;

    fn accept(plain: Self::Plain) -> impl Future<Output = io::Result<Self>> + Send;
}

type Ours<R> = TlsStream<TcpStream<R>>;

impl<R: Net> Encrypted for Ours<R> {
    type Plain = TcpStream<R>;

    async fn connect(plain: TcpStream<R>) -> io::Result<Self> {
        let config = TlsClientConfig::from(CONFIGS.client.clone());
        TlsStream::connect(plain, HOST, &config).await
    }

    async fn accept(plain: TcpStream<R>) -> io::Result<Self> {
        let config = TlsServerConfig::from(CONFIGS.server.clone());
        TlsStream::accept(plain, &config).await
    }
}

impl<R: Net> Transport for Ours<R> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await?;
        self.flush().await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact(buffer).await
    }
}

type Theirs = tokio_rustls::TlsStream<tokio::net::TcpStream>;

impl Encrypted for Theirs {
    type Plain = tokio::net::TcpStream;

    async fn connect(plain: tokio::net::TcpStream) -> io::Result<Self> {
        let name = ServerName::try_from(HOST).expect("it is the name of a host");
        let connector = TlsConnector::from(CONFIGS.client.clone());
        Ok(connector.connect(name, plain).await?.into())
    }

    async fn accept(plain: tokio::net::TcpStream) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(CONFIGS.server.clone());
        Ok(acceptor.accept(plain).await?.into())
    }
}

impl Transport for Theirs {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        tokio::io::AsyncWriteExt::write_all(self, bytes).await?;
        tokio::io::AsyncWriteExt::flush(self).await
    }

    async fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        tokio::io::AsyncReadExt::read_exact(self, buffer).await?;
        Ok(())
    }
}

const HOST: &str = "localhost";

struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

static CONFIGS: LazyLock<Configs> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("it is a name");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("it is a certificate");
    let provider = Arc::new(ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS needs")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS needs")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    Configs {
        client: Arc::new(client),
        server: Arc::new(server),
    }
});
