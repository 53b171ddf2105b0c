use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketType};

use super::{OsSocket, address, platform, set_option};
use crate::net::{Address, Family, UnixAddress};
use crate::runtime::{Purpose, SocketOption, Source};

impl<S: Source> OsSocket<S> {
    pub(super) fn open(purpose: Purpose<'_>, options: &[SocketOption]) -> io::Result<OsSocket<S>> {
        let (kind, address) = match purpose {
            Purpose::Listen { at, .. } => (SocketType::STREAM, at),
            Purpose::Connect { to, .. } => (SocketType::STREAM, to),
            Purpose::Datagram { at, to } => match at.or(to) {
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
            Purpose::Listen { at, backlog } => {
                file = bind(&socket, at)?;
                // Before anybody can connect.
                file.set_mode(mode)?;
                net::listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
            }
            Purpose::Connect { to, from } => {
                if let Some(from) = from {
                    file = bind(&socket, from)?;
                }
                match connect(&socket, to) {
                    // A signal does not interrupt connecting: it goes on meanwhile.
                    Err(error) if is_in_progress(&error) => {}
                    outcome => outcome?,
                }
            }
            Purpose::Datagram { at, to } => {
                // One without a name is told by that it has none.
                if let Some(at) = at
                    && *at != Address::Unix(UnixAddress::Unnamed)
                {
                    file = bind(&socket, at)?;
                    file.set_mode(mode)?;
                }
                if let Some(to) = to {
                    connect(&socket, to)?;
                }
            }
        }
        // Not before: reactors would report a socket that is neither listening nor connecting as
        // one whose peer has gone.
        let socket = OsSocket(S::register(socket)?);
        file.keep();
        Ok(socket)
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INPROGRESS | Errno::INTR)
    )
}

/// The file that binding a Unix socket has made. It goes if the socket is given up: then it is
/// nobody's.
struct OwnFile<'a>(Option<&'a Path>);

impl OwnFile<'_> {
    fn set_mode(&self, mode: Option<u32>) -> io::Result<()> {
        match mode.zip(self.0) {
            Some((mode, path)) => fs::set_permissions(path, Permissions::from_mode(mode)),
            None => Ok(()),
        }
    }

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

fn bind<'a>(socket: &OwnedFd, to: &'a Address) -> io::Result<OwnFile<'a>> {
    net::bind(socket, &address::to_os(to)?)?;
    Ok(OwnFile(to.as_unix().and_then(UnixAddress::as_path)))
}

fn connect(socket: &OwnedFd, to: &Address) -> io::Result<()> {
    Ok(net::connect(socket, &address::to_os(to)?)?)
}

fn family(address: &Address) -> AddressFamily {
    match address.family() {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
        Family::Unix => AddressFamily::UNIX,
    }
}
