//! Encrypted streams: TLS 1.3 and 1.2, over any stream of bytes.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`TlsStream`] | an encrypted stream, over a socket or anything else that carries bytes |
//! | [`TlsClientConfig`], [`TlsServerConfig`] | whom to trust, and what to say of oneself |
//! | `TlsListener` | a listener whose streams are encrypted (with the feature `net`) |
//! | `TlsConnectable` | a way to connect, with TLS on top (with the feature `net`) |
//!
//! The work is done by [rustls](https://docs.rs/rustls) with the cryptography of *ring*. Nothing
//! of it is process-wide: each configuration has its own provider. What the configurations here
//! do not offer, one that was made with rustls does: both are `From<Arc<_>>` of it.
//!
//! ```text
//!   TlsStream      what anyrt promises of a byte stream
//!   futures-rustls driving the session by polls
//!   Records        one record at a time, so that nothing behind the end is swallowed
//!   any ByteStream
//! ```

mod attributes;
mod client;
#[cfg(feature = "net")]
mod connectable;
mod error;
mod halves;
mod handshake;
#[cfg(feature = "net")]
mod listener;
#[cfg(feature = "net")]
mod listener_handshake;
mod pem;
mod records;
mod server;
mod stream;

pub use self::attributes::{
    AlpnProtocol, CipherSuite, PeerCertificates, ServerName, ServerSide, StandardCompatible,
    TlsVersion,
};
pub use self::client::TlsClientConfig;
#[cfg(feature = "net")]
pub use self::connectable::TlsConnectable;
pub use self::error::TlsError;
pub use self::halves::{TlsReceiveHalf, TlsSendHalf};
#[cfg(feature = "net")]
pub use self::listener::TlsListener;
pub use self::pem::{certificates_from_pem, private_key_from_pem};
pub use self::server::TlsServerConfig;
pub use self::stream::TlsStream;
pub use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
pub use futures_rustls::rustls;
