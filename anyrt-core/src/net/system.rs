//! The facet [`Net`] of every runtime whose sockets are those of the operating system.

use std::io;
use std::net::SocketAddr;

use super::lookup::{system_lookup, system_reverse_lookup};
use super::os::OsSocket;
use crate::runtime::{Net, OsSockets, SocketOption, SocketSpec};

impl<R: OsSockets> Net for R {
    type Socket = OsSocket<R::Source>;

    fn socket(
        purpose: SocketSpec<'_>,
        options: &[SocketOption],
    ) -> io::Result<OsSocket<R::Source>> {
        OsSocket::open(purpose, options)
    }

    fn lookup(
        host: String,
        port: u16,
    ) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static {
        system_lookup::<R>(host, port)
    }

    fn reverse_lookup(
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<(String, String)>> + Send + 'static {
        system_reverse_lookup::<R>(address)
    }
}
