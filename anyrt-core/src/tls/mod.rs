//! Encrypted streams: TLS 1.3 and 1.2 over any byte stream.
//!
//! | type | description |
//! | --- | --- |
//! | [`TlsStream`] | an encrypted stream, over a socket or any other byte stream |
//! | [`TlsClientConfig`], [`TlsServerConfig`] | the trusted authorities, the own certificate, and the options |
//! | `TlsListener` | a listener for encrypted streams (with the feature `net`) |
//! | `TlsConnectable` | a connectable with TLS on top (with the feature `net`) |
//!
//! The implementation is [rustls](https://docs.rs/rustls) with the cryptography of *ring*. Nothing is
//! process-wide: each configuration has its own provider. For features that these configurations do not
//! offer, create one with rustls: both are `From<Arc<_>>` of it.
//!
//! ```text
//!   TlsStream      the contract of byte streams
//!   futures-rustls drives the session by polls
//!   Records        returns one record at a time, so that no byte behind the end is lost
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
