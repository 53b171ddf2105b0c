//! Certificates that are generated in the test, and two ends of an encrypted stream in memory.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anyrt_core::stream::{
    Attribute, Attributes, ByteReceiveStreamExt, ByteSendStreamExt, ByteStream, MemoryByteStream,
    Request, memory_byte_stream,
};
use anyrt_core::tls::rustls::crypto::ring;
use anyrt_core::tls::rustls::{self, ServerConfig, version};
use anyrt_core::tls::{
    CertificateDer, PrivateKeyDer, TlsClientConfig, TlsError, TlsServerConfig, TlsStream,
    certificates_from_pem, private_key_from_pem,
};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::join;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// The capacity of a socket's buffer: handshakes need not be read while they are written.
pub(super) const ROOM: usize = 64 * 1024;

/// The authority that the clients trust.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(super) fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        // Authorities are distinguished by their names.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("authority {number}");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// Issues a certificate for this name, through the helpers for PEM.
    pub(super) fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity {
            chain: certificates_from_pem(certificate.pem()).unwrap(),
            key: private_key_from_pem(key.serialize_pem()).unwrap(),
        }
    }

    /// Returns a configuration for clients that trust this authority.
    pub(super) fn client(&self) -> TlsClientConfig {
        TlsClientConfig::with_roots([self.certificate()]).unwrap()
    }

    /// Returns a configuration for a server with a certificate for this name.
    pub(super) fn server(&self, name: &str) -> TlsServerConfig {
        let identity = self.issue(name);
        TlsServerConfig::new(identity.chain, identity.key).unwrap()
    }

    /// Returns a configuration for a server that supports TLS 1.2 alone.
    pub(super) fn server_1_2(&self, name: &str) -> TlsServerConfig {
        let identity = self.issue(name);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&version::TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        TlsServerConfig::from(Arc::new(config))
    }
}

/// A client and a server after their handshake.
pub(super) type Pair = (TlsStream<Wire>, TlsStream<Wire>);

/// Performs a handshake, in which the client expects `host`, and returns client and server.
pub(super) async fn shake_hands(
    client: &TlsClientConfig,
    host: &str,
    server: &TlsServerConfig,
) -> (io::Result<TlsStream<Wire>>, io::Result<TlsStream<Wire>>) {
    let (one, other) = wires(ROOM);
    let connect = TlsStream::connect(one, host, client);
    join(connect, TlsStream::accept(other, server)).await
}

/// Returns a client and a server that trust each other.
pub(super) async fn pair() -> Pair {
    let authority = Authority::new();
    pair_of(&authority.client(), &authority.server("host.example")).await
}

/// Returns a client and a server with these configurations.
pub(super) async fn pair_of(client: &TlsClientConfig, server: &TlsServerConfig) -> Pair {
    let (client, server) = shake_hands(client, "host.example", server).await;
    (client.unwrap(), server.unwrap())
}

/// Sends these bytes, and receives them at the other end.
pub(super) async fn pass(from: &mut impl ByteStream, to: &mut impl ByteStream, bytes: &[u8]) {
    let send = from.send(bytes);
    let receive = async {
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            received.extend(to.receive(ROOM).await.unwrap());
        }
        received
    };
    let (sent, received) = join(send, receive).await;
    sent.unwrap();
    assert_eq!(received, bytes);
}

/// Returns the error of TLS in it.
pub(super) fn error_of(error: &io::Error) -> &TlsError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

/// Returns the error of rustls in it.
pub(super) fn cause(error: &io::Error) -> &rustls::Error {
    match error_of(error) {
        TlsError::Connect { cause, .. } | TlsError::Accept { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

/// A transport that is identified by a number, and can be cut or stopped.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) inner: MemoryByteStream,
    number: u32,
    room: Arc<AtomicUsize>,
    stopped: AtomicBool,
    reset: AtomicBool,
}

/// The number of a [`Wire`].
pub(super) struct Number;

impl Attribute for Number {
    type Value = u32;
    const NAME: &'static str = "number";
}

pub(super) fn wires(capacity: usize) -> (Wire, Wire) {
    let (one, other) = memory_byte_stream(capacity);
    (Wire::new(one, 1), Wire::new(other, 2))
}

impl Wire {
    fn new(inner: MemoryByteStream, number: u32) -> Wire {
        let room = Arc::new(AtomicUsize::new(usize::MAX));
        Wire {
            inner,
            number,
            room,
            stopped: AtomicBool::new(false),
            reset: AtomicBool::new(false),
        }
    }

    /// Makes the transport send at most `bytes` more bytes, and discard the rest.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.room.store(bytes, Ordering::SeqCst);
    }

    /// Makes every further write return 0 bytes.
    pub(super) fn take_nothing(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Makes sending fail from now on as it does after the peer has reset the connection. Bytes that the
    /// peer has sent can still be received.
    pub(super) fn fail_sending(&self) {
        self.reset.store(true, Ordering::SeqCst);
    }
}

impl Attributes for Wire {
    fn provide(&self, demand: &mut Request<'_>) {
        demand.provide::<Number>(|| self.number);
        self.inner.provide(demand);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.stopped.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(0));
        }
        let room = self.room.load(Ordering::SeqCst);
        if room == 0 {
            return Poll::Ready(Ok(bytes.len()));
        }
        let bytes = &bytes[..bytes.len().min(room)];
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            if room != usize::MAX {
                self.room.fetch_sub(written, Ordering::SeqCst);
            }
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

/// Returns a pair for each direction: client to server, and back.
pub(super) async fn both_ways() -> [Pair; 2] {
    let (client, server) = pair().await;
    [pair().await, (server, client)]
}

pub(super) async fn both_ways_1_2() -> [(TlsStream<Wire>, TlsStream<Wire>); 2] {
    let authority = Authority::new();
    let (client, server) = (authority.client(), authority.server_1_2("host.example"));
    let (one, other) = pair_of(&client, &server).await;
    [pair_of(&client, &server).await, (other, one)]
}
