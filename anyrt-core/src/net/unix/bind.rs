//! Unix sockets and their files.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;

use crate::net::listen::BACKLOG;
use crate::net::{
    Address, ConnectedDatagramSocket, ConnectedUnixDatagram, DatagramSocket, SocketListener, Unix,
    UnixAddress, UnixDatagram, UnixListener,
};
use crate::runtime::{Net, Purpose, SocketOption};

/// How to listen for connections through a Unix socket.
///
/// # Examples
///
/// ```
/// use anyrt_core::net::UnixListenOptions;
///
/// let private = UnixListenOptions::new().mode(0o600);
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until something is bound with them"]
pub struct UnixListenOptions {
    backlog: u32,
    mode: Option<u32>,
}

impl UnixListenOptions {
    /// The defaults, which are given with each option.
    pub fn new() -> UnixListenOptions {
        UnixListenOptions {
            backlog: BACKLOG,
            mode: None,
        }
    }

    /// How many connections may wait to be accepted, as far as the system allows; 1024 by default.
    pub fn backlog(mut self, connections: u32) -> UnixListenOptions {
        self.backlog = connections;
        self
    }

    /// The permissions of the socket's file, such as `0o600`, whatever the umask is. Whoever may
    /// write to it can connect, on most systems. They are set before anybody can.
    pub fn mode(mut self, mode: u32) -> UnixListenOptions {
        self.mode = Some(mode);
        self
    }
}

impl Default for UnixListenOptions {
    fn default() -> Self {
        UnixListenOptions::new()
    }
}

impl<R: Net> SocketListener<R, Unix> {
    /// Listens at a path, or on Linux at an [abstract name](UnixAddress::Abstract).
    ///
    /// The file of a socket that nobody has open any more is replaced. Other files are left alone,
    /// and so are those of sockets that are in use, whoever uses them. Two programs that replace the
    /// same file at the same moment can get into each other's way. A program that is just being
    /// started has the sockets of its parent open until its own code runs, so a listener that was
    /// closed at that moment counts as in use a little longer.
    ///
    /// The file stays when the listener is closed: it could be its successor's by then.
    ///
    /// # Blocking
    ///
    /// It looks at the file system, as paths always have to be looked up; no longer than that.
    ///
    /// # Errors
    ///
    /// What the system says, above all [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(address: impl Into<UnixAddress>) -> io::Result<UnixListener<R>> {
        Self::bind_with(address, &UnixListenOptions::new())
    }

    /// Listens at a path or an abstract name, with options.
    ///
    /// # Errors
    ///
    /// As [`bind`](SocketListener::bind).
    pub fn bind_with(
        address: impl Into<UnixAddress>,
        options: &UnixListenOptions,
    ) -> io::Result<UnixListener<R>> {
        let at = Address::Unix(address.into());
        let purpose = Purpose::Listen {
            at: &at,
            backlog: options.backlog,
        };
        let mode = options.mode.map(SocketOption::Mode);
        let socket = replacing_a_stale_file::<R>(&at, purpose, mode.as_slice())?;
        Ok(SocketListener::of(socket))
    }
}

impl<R: Net> DatagramSocket<R, Unix> {
    /// Binds a socket to a path, or on Linux to an [abstract name](UnixAddress::Abstract).
    ///
    /// Files of former sockets are treated as by [`UnixListener::bind`](SocketListener::bind).
    ///
    /// # Errors
    ///
    /// What the system says, above all [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(address: impl Into<UnixAddress>) -> io::Result<UnixDatagram<R>> {
        let at = Address::Unix(address.into());
        let purpose = Purpose::Datagram {
            at: Some(&at),
            to: None,
        };
        let socket = replacing_a_stale_file::<R>(&at, purpose, &[])?;
        Ok(DatagramSocket::of(socket))
    }

    /// Opens a socket without a name: it can send, but nobody can answer.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn unbound() -> io::Result<UnixDatagram<R>> {
        let purpose = Purpose::Datagram {
            at: Some(&Address::Unix(UnixAddress::Unnamed)),
            to: None,
        };
        Ok(DatagramSocket::of(R::socket(purpose, &[])?))
    }
}

impl<R: Net> ConnectedDatagramSocket<R, Unix> {
    /// Opens a socket without a name for packets to this peer, who cannot answer.
    ///
    /// # Errors
    ///
    /// What the system says, above all [`NotFound`](io::ErrorKind::NotFound), and
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if the peer is gone.
    pub fn connect(peer: impl Into<UnixAddress>) -> io::Result<ConnectedUnixDatagram<R>> {
        let purpose = Purpose::Datagram {
            at: None,
            to: Some(&Address::Unix(peer.into())),
        };
        Ok(ConnectedDatagramSocket::of(R::socket(purpose, &[])?))
    }

    /// Opens a socket for packets from and to this peer, with a path or an abstract name of its own.
    ///
    /// Files of former sockets are treated as by [`UnixListener::bind`](SocketListener::bind).
    ///
    /// # Errors
    ///
    /// As [`connect`](ConnectedDatagramSocket::connect), and
    /// [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn connect_from(
        peer: impl Into<UnixAddress>,
        local: impl Into<UnixAddress>,
    ) -> io::Result<ConnectedUnixDatagram<R>> {
        let at = Address::Unix(local.into());
        let purpose = Purpose::Datagram {
            at: Some(&at),
            to: Some(&Address::Unix(peer.into())),
        };
        let socket = replacing_a_stale_file::<R>(&at, purpose, &[])?;
        Ok(ConnectedDatagramSocket::of(socket))
    }
}

/// Opens a socket, and removes what a former one has left at its path, if that is in the way.
fn replacing_a_stale_file<R: Net>(
    at: &Address,
    purpose: Purpose<'_>,
    options: &[SocketOption],
) -> io::Result<R::Socket> {
    let in_use = match R::socket(purpose, options) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => error,
        outcome => return outcome,
    };
    let Some(path) = at.as_unix().and_then(UnixAddress::as_path) else {
        return Err(in_use);
    };
    // Not what a link points to: that was not put there by binding.
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !is_socket || !is_stale::<R>(at) {
        return Err(in_use);
    }
    match fs::remove_file(path) {
        // Somebody else has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => outcome?,
    }
    R::socket(purpose, options)
}

/// Whether nobody has the socket of this file open.
///
/// A datagram socket asks: it is refused if there is nobody, and told that it is of another type if
/// there is a listener, which does not notice, and need not even listen yet.
fn is_stale<R: Net>(at: &Address) -> bool {
    let ask = Purpose::Datagram {
        at: None,
        to: Some(at),
    };
    R::socket(ask, &[]).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
