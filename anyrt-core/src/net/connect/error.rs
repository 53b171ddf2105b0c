//! The error of connecting, with all attempts.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::net::Address;

/// The error if no attempt to connect succeeded.
///
/// Functions that return an [`io::Error`] have it inside: [`ConnectError::of`] finds it. The kind of that
/// error is the kind of the last attempt that had a route to its address, or else of the last attempt.
#[derive(Debug)]
pub struct ConnectError {
    pub(super) attempts: Vec<FailedAttempt>,
}

/// A failed attempt to connect.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// The address that was tried.
    pub address: Address,
    /// The reason.
    pub error: io::Error,
}

impl ConnectError {
    /// Returns the connect error inside an [`io::Error`], or `None` if it has another cause, such as lookup.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectError, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let port = anyrt::testing::free_tcp_port().unwrap();
    /// let error = connect_tcp("127.0.0.1", port).await.unwrap_err();
    /// assert!(ConnectError::of(&error).is_some());
    /// let other = std::io::Error::other("not a connection");
    /// assert!(ConnectError::of(&other).is_none());
    /// # });
    /// ```
    pub fn of(error: &io::Error) -> Option<&ConnectError> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns all attempts, in the order in which they began; none if there was no address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectError, connect_tcp};
    /// use std::io::ErrorKind;
    ///
    /// # anyrt::run(async {
    /// let port = anyrt::testing::free_tcp_port().unwrap();
    /// let error = connect_tcp("127.0.0.1", port).await.unwrap_err();
    /// let attempts = ConnectError::of(&error).unwrap().attempts();
    /// assert_eq!(attempts[0].error.kind(), ErrorKind::ConnectionRefused);
    /// # });
    /// ```
    pub fn attempts(&self) -> &[FailedAttempt] {
        &self.attempts
    }

    /// Consumes the error and returns its attempts.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{ConnectError, connect_tcp};
    ///
    /// # anyrt::run(async {
    /// let port = anyrt::testing::free_tcp_port().unwrap();
    /// let error = connect_tcp("127.0.0.1", port).await.unwrap_err();
    /// let error = error.downcast::<ConnectError>().unwrap();
    /// assert_eq!(error.into_attempts().len(), 1);
    /// # });
    /// ```
    pub fn into_attempts(self) -> Vec<FailedAttempt> {
        self.attempts
    }

    /// Creates an error from the errors of attempts, which are numbered by their addresses.
    pub(super) fn new(
        addresses: &[SocketAddr],
        errors: &mut Vec<(usize, io::Error)>,
    ) -> ConnectError {
        errors.sort_by_key(|(number, _)| *number);
        let attempt = |(number, error): (usize, _)| FailedAttempt {
            address: addresses[number].into(),
            error,
        };
        ConnectError {
            attempts: errors.drain(..).map(attempt).collect(),
        }
    }

    /// Returns the most informative kind: the last that was caused by a peer, else the last.
    fn kind(&self) -> io::ErrorKind {
        let mut kinds = self.attempts.iter().map(|failed| failed.error.kind()).rev();
        let last = kinds.clone().next();
        let telling = kinds.find(|kind| !is_without_a_way(*kind));
        telling.or(last).unwrap_or(io::ErrorKind::InvalidInput)
    }
}

/// Returns whether an attempt failed before it reached a peer, for example as this host lacks the family. That
/// is less informative than the answer of a peer.
fn is_without_a_way(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Unsupported
    )
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            return f.write_str("there is no address to connect to");
        }
        f.write_str("could not connect")?;
        for (number, FailedAttempt { address, error }) in self.attempts.iter().enumerate() {
            let separator = if number == 0 { "" } else { ";" };
            write!(f, "{separator} to {address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for ConnectError {}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kinds: &[io::ErrorKind]) -> io::Error {
        let addresses = [SocketAddr::from(([127, 0, 0, 1], 80)); 3];
        let numbered = kinds.iter().enumerate();
        let mut errors: Vec<_> = numbered.map(|(n, kind)| (n, (*kind).into())).collect();
        errors.reverse();
        ConnectError::new(&addresses, &mut errors).into()
    }

    #[test]
    fn the_kind_is_that_of_the_most_telling_attempt() {
        use io::ErrorKind::{ConnectionRefused, NetworkUnreachable, TimedOut};
        let kind = |kinds: &[_]| error(kinds).kind();
        assert_eq!(kind(&[ConnectionRefused]), ConnectionRefused);
        assert_eq!(kind(&[NetworkUnreachable]), NetworkUnreachable);
        assert_eq!(kind(&[ConnectionRefused, TimedOut]), TimedOut);
        assert_eq!(
            kind(&[TimedOut, ConnectionRefused, NetworkUnreachable]),
            ConnectionRefused
        );
        assert_eq!(kind(&[]), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_message_has_all_attempts_in_order() {
        let refused = io::ErrorKind::ConnectionRefused;
        assert_eq!(
            error(&[refused, io::ErrorKind::TimedOut]).to_string(),
            "could not connect to 127.0.0.1:80: connection refused; to 127.0.0.1:80: timed out"
        );
    }
}
