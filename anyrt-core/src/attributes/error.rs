//! The error of reading an attribute.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// An attribute could not be read: either the stream does not have it, or reading it failed.
///
/// Two of these errors are equal if they are about the same attribute, and if reading it failed with
/// the same kind of error and the same error number.
#[derive(Clone, Debug)]
pub struct AttributeError {
    name: &'static str,
    /// Why reading failed; `None` if the attribute is missing.
    failure: Option<Arc<io::Error>>,
}

impl AttributeError {
    pub(crate) fn missing(name: &'static str) -> AttributeError {
        AttributeError {
            name,
            failure: None,
        }
    }

    pub(crate) fn failed(name: &'static str, error: io::Error) -> AttributeError {
        AttributeError {
            name,
            failure: Some(Arc::new(error)),
        }
    }

    /// Returns the name of the attribute.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::RemoteAddress;
    /// use anyrt::stream::{AttributesExt, memory_byte_stream};
    ///
    /// let (stream, _peer) = memory_byte_stream(16);
    /// let error = stream.attribute::<RemoteAddress>().unwrap_err();
    /// assert_eq!(error.name(), "remote address");
    /// ```
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns whether the stream does not have the attribute at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::RemoteAddress;
    /// use anyrt::stream::{AttributesExt, memory_byte_stream};
    ///
    /// let (stream, _peer) = memory_byte_stream(16);
    /// assert!(stream.attribute::<RemoteAddress>().unwrap_err().is_missing());
    /// ```
    pub fn is_missing(&self) -> bool {
        self.failure.is_none()
    }

    /// Returns the error of the operating system, if the stream has the attribute and reading it
    /// failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
    /// use std::io;
    ///
    /// struct Speed;
    /// impl Attribute for Speed {
    ///     type Value = u32;
    ///     const NAME: &'static str = "speed";
    /// }
    ///
    /// struct Unplugged;
    /// impl Attributes for Unplugged {
    ///     fn provide(&self, demand: &mut Request<'_>) {
    ///         demand.provide_result::<Speed>(|| Err(io::ErrorKind::NotConnected.into()));
    ///     }
    /// }
    ///
    /// let error = Unplugged.attribute::<Speed>().unwrap_err();
    /// assert!(!error.is_missing());
    /// assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::NotConnected);
    /// ```
    pub fn io_error(&self) -> Option<&io::Error> {
        self.failure.as_deref()
    }
}

impl PartialEq for AttributeError {
    fn eq(&self, other: &AttributeError) -> bool {
        let key = |error: &AttributeError| {
            let failure = error.io_error();
            failure.map(|error| (error.kind(), error.raw_os_error()))
        };
        self.name == other.name && key(self) == key(other)
    }
}

impl Eq for AttributeError {}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.failure {
            None => write!(f, "there is no attribute `{name}` here"),
            Some(error) => write!(f, "the attribute `{name}` could not be read: {error}"),
        }
    }
}

impl Error for AttributeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.io_error().map(|error| error as _)
    }
}

/// Keeps the kind of the failure; a missing attribute becomes [`NotFound`](io::ErrorKind::NotFound).
impl From<AttributeError> for io::Error {
    fn from(error: AttributeError) -> Self {
        let kind = error.io_error().map(io::Error::kind);
        io::Error::new(kind.unwrap_or(io::ErrorKind::NotFound), error)
    }
}
