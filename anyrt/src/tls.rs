//! Encrypted streams: TLS 1.3 and 1.2, over any stream of bytes.
//!
//! A client has trusted roots and the name of the server; a server has a certificate. After the
//! handshake, a [`TlsStream`] is a byte stream like any other.
//!
//! ```no_run
//! use anyrt::stream::{ByteReceiveStreamExt, ByteSendStreamExt, ByteStream};
//! use anyrt::tls::{TlsClientConfig, TlsStream};
//!
//! /// Requests the home page of a server. `stream` is connected to it.
//! async fn home_page(stream: impl ByteStream, host: &str) -> std::io::Result<Vec<u8>> {
//!     let config = TlsClientConfig::new()?.alpn(["http/1.1"]);
//!     let mut stream = TlsStream::connect(stream, host, &config).await?;
//!     let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
//!     stream.send(request.as_bytes()).await?;
//!     let mut page = Vec::new();
//!     loop {
//!         match stream.receive(16 * 1024).await {
//!             Ok(bytes) => page.extend(bytes),
//!             // The server has closed the stream. A connection that was cut gives another error.
//!             Err(error) if anyrt::stream::is_end_of_stream(&error) => return Ok(page),
//!             Err(error) => return Err(error),
//!         }
//!     }
//! }
//! ```
//!
//! # Over anything
//!
//! The inner stream does not have to be a socket. Here it is a stream in memory, which makes it easy to test
//! both sides of a protocol:
//!
//! ```
//! # if anyrt::Backend::available().is_empty() { return }
//! use anyrt::stream::{
//!     AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, is_end_of_stream,
//!     memory_byte_stream,
//! };
//! use anyrt::tls::{AlpnProtocol, TlsClientConfig, TlsServerConfig, TlsStream};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // A certificate that the client trusts.
//! let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
//! let certificate = anyrt::tls::certificates_from_pem(made.cert.pem())?;
//! let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
//!
//! let client = TlsClientConfig::with_roots(certificate.clone())?.alpn(["echo"]);
//! let server = TlsServerConfig::new(certificate, key)?.alpn(["echo"]);
//! let (near, far) = memory_byte_stream(1024);
//!
//! let answer = anyrt::run(anyrt::task_group::<std::io::Error, _, _>(async |tg| {
//!     tg.spawn(async move {
//!         let mut stream = TlsStream::accept(far, &server).await?;
//!         loop {
//!             match stream.receive(1024).await {
//!                 Ok(bytes) => stream.send(&bytes).await?,
//!                 Err(error) if is_end_of_stream(&error) => return stream.close().await,
//!                 Err(error) => return Err(error),
//!             }
//!         }
//!     });
//!     let mut stream = TlsStream::connect(near, "host.example", &client).await?;
//!     assert_eq!(stream.attribute::<AlpnProtocol>(), Ok(Some(b"echo".to_vec())));
//!     stream.send(b"hello").await?;
//!     let answer = stream.receive(1024).await?;
//!     stream.close().await?;
//!     Ok(answer)
//! }))?;
//! assert_eq!(answer, b"hello");
//! # Ok(())
//! # }
//! # example().unwrap();
//! ```

#[cfg(all(feature = "net", any(unix, windows)))]
use crate::Ambient;

#[cfg(all(feature = "net", any(unix, windows)))]
pub use anyrt_core::tls::TlsConnectable;
pub use anyrt_core::tls::{
    AlpnProtocol, CertificateDer, CipherSuite, PeerCertificates, PrivateKeyDer, ServerName,
    ServerSide, StandardCompatible, TlsClientConfig, TlsError, TlsReceiveHalf, TlsSendHalf,
    TlsServerConfig, TlsStream, TlsVersion, certificates_from_pem, private_key_from_pem, rustls,
};

/// A listener whose streams are encrypted.
///
/// See [`anyrt_core::tls::TlsListener`].
#[cfg(all(feature = "net", any(unix, windows)))]
pub type TlsListener<L> = anyrt_core::tls::TlsListener<Ambient, L>;
