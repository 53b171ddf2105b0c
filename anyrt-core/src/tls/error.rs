use std::io;
use std::time::Duration;

use futures_rustls::rustls::{self, CertificateError};
use thiserror::Error as ThisError;

/// What can go wrong with TLS. It comes inside an [`io::Error`]: see [`io::Error::get_ref`].
#[derive(Clone, Debug, ThisError)]
#[non_exhaustive]
pub enum TlsError {
    /// The handshake with a server failed.
    #[error("the TLS handshake with `{host}` failed: {cause}{}", hint(cause))]
    #[non_exhaustive]
    Connect {
        /// The name that the server was asked for.
        host: String,
        /// What rustls says.
        cause: rustls::Error,
    },
    /// The handshake with a client failed.
    #[error("the TLS handshake with a client failed: {cause}{}", hint(cause))]
    #[non_exhaustive]
    Accept {
        /// What rustls says.
        cause: rustls::Error,
    },
    /// The peer was gone before the handshake was over.
    #[error("the peer closed the connection before the TLS handshake was over")]
    HandshakeCutOff,
    /// The handshake took longer than a listener allows.
    #[error("the TLS handshake was not over after {0:?}")]
    HandshakeTooLong(Duration),
    /// The connection ended, and the peer had not said so within TLS. What was received may be a
    /// part of what the peer sent, and somebody between may have cut it off on purpose.
    #[error(
        "the connection was cut off: the peer has not closed its side of the TLS stream \
         (`relaxed` takes this for the end)"
    )]
    CutOff,
    /// The peer sent data that was not received before [`unwrap`](super::TlsStream::unwrap).
    #[error("the peer has sent data that was not received: receive to the end before `unwrap`")]
    NotReceived,
}

/// What rustls' words leave open.
fn hint(cause: &rustls::Error) -> &'static str {
    match cause {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            " (expected a certificate of an authority that is trusted here)"
        }
        _ => "",
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        let kind = match error {
            TlsError::Connect { .. } | TlsError::Accept { .. } | TlsError::NotReceived => {
                io::ErrorKind::InvalidData
            }
            TlsError::HandshakeCutOff | TlsError::CutOff => io::ErrorKind::ConnectionAborted,
            TlsError::HandshakeTooLong(_) => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, error)
    }
}

/// An error of rustls about what it was configured with.
pub(super) fn refuse_config(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
