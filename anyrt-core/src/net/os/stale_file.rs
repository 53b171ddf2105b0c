//! Files that former Unix sockets have left.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;

use crate::net::{Address, UnixAddress};
use crate::runtime::{Net, Purpose, SocketOption};

/// Opens a socket, and removes what a former one has left at its path, if that is in the way.
pub(in crate::net) fn replacing_a_stale_file<R: Net>(
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
