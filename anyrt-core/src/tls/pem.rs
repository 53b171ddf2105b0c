//! Certificates and keys in PEM form.

use std::io;

use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Returns the certificates in a PEM text (RFC 7468), in order. Other items are skipped.
///
/// # Errors
///
/// [`InvalidData`](io::ErrorKind::InvalidData) if there are none, or the text is malformed.
///
/// # Examples
///
/// ```
/// use anyrt::tls::certificates_from_pem;
///
/// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
/// let pem = made.cert.pem();
/// assert_eq!(certificates_from_pem(pem)?.len(), 1);
/// assert!(certificates_from_pem("no certificate").is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn certificates_from_pem(pem: impl AsRef<[u8]>) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_ref()).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(malformed("there is no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(malformed(error)),
    }
}

/// Returns the first private key in a PEM text (RFC 7468): PKCS #1, PKCS #8 or SEC 1.
///
/// # Errors
///
/// [`InvalidData`](io::ErrorKind::InvalidData) if there is none, or the text is malformed.
///
/// # Examples
///
/// ```
/// use anyrt::tls::private_key_from_pem;
///
/// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
/// let pem = made.signing_key.serialize_pem();
/// assert!(private_key_from_pem(pem).is_ok());
/// assert!(private_key_from_pem("no key").is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn private_key_from_pem(pem: impl AsRef<[u8]>) -> io::Result<PrivateKeyDer<'static>> {
    match PrivateKeyDer::from_pem_slice(pem.as_ref()) {
        Ok(key) => Ok(key),
        Err(futures_rustls::pki_types::pem::Error::NoItemsFound) => {
            Err(malformed("there is no private key"))
        }
        Err(error) => Err(malformed(error)),
    }
}

fn malformed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
