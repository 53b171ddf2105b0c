//! [`TlsError`].

use std::io;
use std::time::Duration;

use futures_rustls::rustls::{self, CertificateError};
use thiserror::Error as ThisError;

/// An error of TLS, inside an [`io::Error`]: see [`of`](TlsError::of).
#[derive(Clone, Debug, ThisError)]
#[non_exhaustive]
pub enum TlsError {
    /// The handshake with a server failed.
    #[error("the TLS handshake with `{host}` failed: {cause}{}", hint(cause))]
    #[non_exhaustive]
    Connect {
        /// The requested name of the server.
        host: String,
        /// The error of rustls.
        cause: rustls::Error,
    },
    /// The handshake with a client failed.
    #[error("the TLS handshake with a client failed: {cause}{}", hint(cause))]
    #[non_exhaustive]
    Accept {
        /// The error of rustls.
        cause: rustls::Error,
    },
    /// The peer closed the connection during the handshake.
    #[error("the peer closed the connection before the TLS handshake was over")]
    HandshakeCutOff,
    /// The handshake exceeded the time limit of a listener.
    #[error("the TLS handshake was not over after {0:?}")]
    HandshakeTooLong(Duration),
    /// The connection ended before the peer had ended TLS. The received data may be incomplete, possibly
    /// because an attacker has cut the connection.
    #[error(
        "the connection was cut off: the peer has not closed its side of the TLS stream \
         (`relaxed` treats this as the end of the stream)"
    )]
    CutOff,
    /// The peer sent data that was not received before [`unwrap`](super::TlsStream::unwrap).
    #[error("the peer has sent data that was not received: receive to the end before `unwrap`")]
    NotReceived,
}

impl TlsError {
    /// Returns the error of TLS inside an [`io::Error`], or `None` if it has another cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::tls::TlsError;
    ///
    /// let error = std::io::Error::from(TlsError::CutOff);
    /// assert!(matches!(TlsError::of(&error), Some(TlsError::CutOff)));
    /// let other = std::io::Error::other("nothing of TLS");
    /// assert!(TlsError::of(&other).is_none());
    /// ```
    pub fn of(error: &io::Error) -> Option<&TlsError> {
        error.get_ref()?.downcast_ref()
    }
}

/// Returns a remedy for an error, where the text of rustls has none.
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

/// Converts an error of rustls about a configuration.
pub(super) fn refuse_config(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
