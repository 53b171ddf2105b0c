//! Opening a socket: options, binding, listening and connecting.

use std::io;

use socket2::{Domain, Type};

use super::{OsSocket, set_option, to_os};
use crate::net::Address;
use crate::runtime::{SocketOption, SocketSpec, Source};

impl<S: Source> OsSocket<S> {
    /// Opens a socket for a purpose:
    ///
    /// 1. creates it, and sets the options;
    /// 2. binds it, and listens or begins to connect;
    /// 3. registers it with the reactor.
    ///
    /// If a step fails, the socket is closed.
    ///
    /// # Errors
    ///
    /// As for [`Net::socket`](crate::runtime::Net::socket).
    pub fn open(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<OsSocket<S>> {
        let (kind, address) = match purpose {
            SocketSpec::Listen { at, .. } => (Type::STREAM, at),
            SocketSpec::Connect { to, .. } => (Type::STREAM, to),
            SocketSpec::Datagram { at, to } => match at.or(to) {
                Some(address) => (Type::DGRAM, address),
                None => return Err(io::ErrorKind::InvalidInput.into()),
            },
        };
        let domain = Domain::from(i32::from(to_os(address)?.family()));
        let socket = socket2::Socket::new(domain, kind, None)?;
        socket.set_nonblocking(true)?;
        for option in options {
            set_option(&socket, *option)?;
        }
        match purpose {
            SocketSpec::Listen { at, backlog } => {
                socket.bind(&to_os(at)?)?;
                socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
            }
            SocketSpec::Connect { to, from } => {
                if let Some(from) = from {
                    socket.bind(&to_os(from)?)?;
                }
                begin_to_connect(&socket, to)?;
            }
            SocketSpec::Datagram { at, to } => {
                if let Some(at) = at {
                    socket.bind(&to_os(at)?)?;
                }
                if let Some(to) = to {
                    socket.connect(&to_os(to)?)?;
                }
            }
        }
        // Registered last: a reactor would report a socket that neither listens nor connects as one whose
        // peer has gone.
        OsSocket::register(socket, kind)
    }
}

/// Begins to connect a socket, which continues in the background.
fn begin_to_connect(socket: &socket2::Socket, to: &Address) -> io::Result<()> {
    match socket.connect(&to_os(to)?) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        outcome => outcome,
    }
}
