//! Listening at Unix sockets, and their files.

use std::io;

use super::options::BACKLOG;
use super::{SocketListener, UnixListener};
use crate::net::os::replacing_a_stale_file;
use crate::net::{Address, Unix, UnixAddress};
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
