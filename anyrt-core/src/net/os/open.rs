//! Opening a socket: options, binding, listening and connecting.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketType};

use super::{OsSocket, address, platform, set_option};
use crate::net::{Address, Family, UnixAddress};
use crate::runtime::{SocketOption, SocketSpec, Source};

impl<S: Source> OsSocket<S> {
    /// Opens a socket for a purpose:
    ///
    /// 1. creates it, and sets the options;
    /// 2. binds it, sets the permissions of its file, and listens or begins to connect;
    /// 3. registers it with the reactor.
    ///
    /// If a step fails, the socket is closed and its file is removed.
    ///
    /// # Errors
    ///
    /// As for [`Net::socket`](crate::runtime::Net::socket).
    pub fn open(purpose: SocketSpec<'_>, options: &[SocketOption]) -> io::Result<OsSocket<S>> {
        let (kind, address) = match purpose {
            SocketSpec::Listen { at, .. } => (SocketType::STREAM, at),
            SocketSpec::Connect { to, .. } => (SocketType::STREAM, to),
            SocketSpec::Datagram { at, to } => match at.or(to) {
                Some(address) => (SocketType::DGRAM, address),
                None => return Err(io::ErrorKind::InvalidInput.into()),
            },
        };
        let socket = platform::open(family(address), kind)?;
        let mut mode = None;
        for option in options {
            match *option {
                SocketOption::Mode(bits) => mode = Some(bits),
                option => set_option(socket.as_fd(), option)?,
            }
        }
        let mut file = OwnFile(None);
        match purpose {
            SocketSpec::Listen { at, backlog } => {
                file = bind(&socket, at)?;
                // Before `listen`, so that no client can connect earlier.
                file.set_mode(mode)?;
                net::listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
            }
            SocketSpec::Connect { to, from } => {
                if let Some(from) = from {
                    file = bind(&socket, from)?;
                }
                match connect(&socket, to) {
                    // After `EINTR`, connecting continues in the background, as after `EINPROGRESS`.
                    Err(error) if is_in_progress(&error) => {}
                    outcome => outcome?,
                }
            }
            SocketSpec::Datagram { at, to } => {
                // An unnamed socket is simply not bound.
                if let Some(at) = at {
                    if *at != Address::Unix(UnixAddress::Unnamed) {
                        file = bind(&socket, at)?;
                        file.set_mode(mode)?;
                    }
                }
                if let Some(to) = to {
                    connect(&socket, to)?;
                }
            }
        }
        // Registered last: a reactor would report a socket that neither listens nor connects as one whose
        // peer has gone.
        let socket = OsSocket(S::register(socket)?);
        file.keep();
        Ok(socket)
    }
}

/// Returns whether connecting continues in the background.
fn is_in_progress(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INPROGRESS | Errno::INTR)
    )
}

/// The file that binding a Unix socket has created. Dropping it removes the file, unless it is kept.
struct OwnFile<'a>(Option<&'a Path>);

impl OwnFile<'_> {
    /// Sets the permissions of the file, if there are both.
    fn set_mode(&self, mode: Option<u32>) -> io::Result<()> {
        match mode.zip(self.0) {
            Some((mode, path)) => fs::set_permissions(path, Permissions::from_mode(mode)),
            None => Ok(()),
        }
    }

    /// Keeps the file: the socket is open.
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for OwnFile<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            drop(fs::remove_file(path));
        }
    }
}

/// Binds a socket, and returns its file, if it has one.
fn bind<'a>(socket: &OwnedFd, to: &'a Address) -> io::Result<OwnFile<'a>> {
    net::bind(socket, &address::to_os(to)?)?;
    Ok(OwnFile(to.as_unix().and_then(UnixAddress::as_path)))
}

/// Connects a socket, or begins to.
fn connect(socket: &OwnedFd, to: &Address) -> io::Result<()> {
    Ok(net::connect(socket, &address::to_os(to)?)?)
}

/// Returns the system's number of an address family.
fn family(address: &Address) -> AddressFamily {
    match address.family() {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
        Family::Unix => AddressFamily::UNIX,
    }
}
