//! The certificate and its key.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use anyrt::tls::{
    CertificateDer, PrivateKeyDer, TlsServerConfig, certificates_from_pem, private_key_from_pem,
};
use sha2::{Digest, Sha256};

use crate::options::Tls;

/// The identity of the server.
pub(crate) struct Identity {
    pub(crate) config: TlsServerConfig,
    /// The SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it.
    pub(crate) fingerprint: String,
}

/// Reads or creates the certificate. This blocks.
pub(crate) fn identify(tls: &Tls, addresses: &[SocketAddr]) -> io::Result<Identity> {
    let (chain, key) = match tls {
        Tls::Files { cert, key } => (
            read(cert, certificates_from_pem)?,
            read(key, private_key_from_pem)?,
        ),
        Tls::SelfSigned => self_signed(addresses)?,
    };
    let hash = Sha256::digest(chain.first().map_or(&[][..], |first| first));
    let bytes: Vec<_> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(Identity {
        // HTTP itself marks the end of a message, and clients such as curl close without a message.
        config: TlsServerConfig::new(chain, key)?
            .alpn(["h2", "http/1.1"])
            .relaxed(true),
        fingerprint: bytes.join(":"),
    })
}

fn read<T>(path: &Path, parse: impl FnOnce(Vec<u8>) -> io::Result<T>) -> io::Result<T> {
    fs::read(path)
        .and_then(parse)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Creates a certificate that the server itself has signed: clients have to compare the fingerprint.
fn self_signed(
    addresses: &[SocketAddr],
) -> io::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let addresses = addresses.iter().map(|address| address.ip().to_string());
    let mut names: Vec<_> = addresses.chain(["localhost".to_owned()]).collect();
    names.sort();
    names.dedup();
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
    Ok((
        vec![made.cert.der().clone()],
        key.map_err(io::Error::other)?,
    ))
}
