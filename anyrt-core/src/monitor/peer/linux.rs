//! The user of a client, from the credentials that Linux keeps with a Unix socket.

use std::io;
use std::os::fd::AsFd;

use rustix::net::sockopt::socket_peercred;
use rustix::process::Uid;

/// Returns the user of the process at the other end.
pub(super) fn user_of(socket: &impl AsFd) -> io::Result<Option<Uid>> {
    Ok(Some(socket_peercred(socket)?.uid))
}
