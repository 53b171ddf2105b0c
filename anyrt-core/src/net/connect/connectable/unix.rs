//! Unix sockets as targets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use futures_core::future::BoxFuture;

use super::{Connectable, IntoConnectable};
use crate::net::connect::connect_unix;
use crate::net::{UnixAddress, UnixStream};
use crate::runtime::Net;

/// A Unix socket to connect to.
pub struct UnixConnectable<R> {
    address: UnixAddress,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Net> UnixConnectable<R> {
    /// Creates a target from a path or another address of a Unix socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Connectable, UnixConnectable, UnixListener};
    ///
    /// # anyrt::run(async {
    /// let dir = anyrt::temp::dir().await?;
    /// let path = dir.path().join("app.sock");
    /// let listener = UnixListener::bind(&*path)?;
    /// UnixConnectable::new(&*path).connect().await?;
    /// assert!(listener.accept().await.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn new(address: impl Into<UnixAddress>) -> UnixConnectable<R> {
        UnixConnectable {
            address: address.into(),
            runtime: PhantomData,
        }
    }

    /// Returns the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{UnixAddress, UnixConnectable};
    ///
    /// let server = UnixConnectable::new("/run/app.sock");
    /// assert_eq!(server.address(), &UnixAddress::from("/run/app.sock"));
    /// ```
    pub fn address(&self) -> &UnixAddress {
        &self.address
    }
}

impl<R: Net> Connectable for UnixConnectable<R> {
    type Stream = UnixStream<R>;

    fn connect(&self) -> BoxFuture<'_, io::Result<UnixStream<R>>> {
        Box::pin(connect_unix(self.address.clone()))
    }
}

impl<R> Clone for UnixConnectable<R> {
    fn clone(&self) -> UnixConnectable<R> {
        UnixConnectable {
            address: self.address.clone(),
            runtime: PhantomData,
        }
    }
}

impl<R> fmt::Debug for UnixConnectable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnixConnectable")
            .field(&self.address)
            .finish()
    }
}

impl<R: Net> IntoConnectable<R> for &Path {
    type Connectable = UnixConnectable<R>;

    fn into_connectable(self) -> UnixConnectable<R> {
        UnixConnectable::new(self)
    }
}

impl<R: Net> IntoConnectable<R> for PathBuf {
    type Connectable = UnixConnectable<R>;

    fn into_connectable(self) -> UnixConnectable<R> {
        UnixConnectable::new(self)
    }
}

impl<R: Net> IntoConnectable<R> for UnixAddress {
    type Connectable = UnixConnectable<R>;

    fn into_connectable(self) -> UnixConnectable<R> {
        UnixConnectable::new(self)
    }
}
