//! The attributes of encrypted streams.

use futures_rustls::pki_types::CertificateDer;
use futures_rustls::rustls;

use crate::stream::Attribute;

/// The protocol that was negotiated by ALPN (RFC 7301), if any.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AlpnProtocol;

impl Attribute for AlpnProtocol {
    type Value = Option<Vec<u8>>;
    const NAME: &'static str = "ALPN protocol";
}

/// The algorithms of the encryption.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CipherSuite;

impl Attribute for CipherSuite {
    type Value = rustls::CipherSuite;
    const NAME: &'static str = "cipher suite";
}

/// The version of TLS.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TlsVersion;

impl Attribute for TlsVersion {
    type Value = rustls::ProtocolVersion;
    const NAME: &'static str = "TLS version";
}

/// The certificate chain of the peer, its own certificate first. Empty for a client that was not asked for a
/// certificate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PeerCertificates;

impl Attribute for PeerCertificates {
    type Value = Vec<CertificateDer<'static>>;
    const NAME: &'static str = "peer certificates";
}

/// Whether this is the server side.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ServerSide;

impl Attribute for ServerSide {
    type Value = bool;
    const NAME: &'static str = "server side";
}

/// Whether a broken connection is an error, as the standard requires, instead of the end of the stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StandardCompatible;

impl Attribute for StandardCompatible {
    type Value = bool;
    const NAME: &'static str = "standard compatible";
}

/// The name of the server in its ASCII form, if any: for a client the requested name, for a server the name
/// that the client sent (SNI, RFC 6066).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ServerName;

impl Attribute for ServerName {
    type Value = Option<String>;
    const NAME: &'static str = "server name";
}
