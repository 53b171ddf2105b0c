//! Replacement of the files that closed Unix sockets leave behind; used for binding listeners and datagram
//! sockets.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;

use crate::net::{Address, UnixAddress};
use crate::runtime::{Net, SocketOption, SocketSpec};

/// Opens a socket, and replaces a stale file at its path:
///
/// 1. opens the socket; any result but `AddrInUse` is final;
/// 2. checks that the path is a socket file, and that no process has that socket open;
/// 3. removes the file, and opens the socket again.
pub(in crate::net) fn replacing_a_stale_file<R: Net>(
    at: &Address,
    purpose: SocketSpec<'_>,
    options: &[SocketOption],
) -> io::Result<R::Socket> {
    let in_use = match R::socket(purpose, options) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => error,
        outcome => return outcome,
    };
    let Some(path) = at.as_unix().and_then(UnixAddress::as_path) else {
        return Err(in_use);
    };
    // Does not follow links: binding does not create links.
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !is_socket || !is_stale::<R>(at) {
        return Err(in_use);
    }
    match fs::remove_file(path) {
        // Another process has removed it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => outcome?,
    }
    R::socket(purpose, options)
}

/// Returns whether no process has the socket of this file open.
///
/// It probes with a datagram socket, which is refused (`ECONNREFUSED`) if the socket is closed. If a stream
/// socket has the path, the probe fails with another error (`EPROTOTYPE`), which that socket does not notice,
/// even if it is bound but does not listen yet.
fn is_stale<R: Net>(at: &Address) -> bool {
    let ask = SocketSpec::Datagram {
        at: None,
        to: Some(at),
    };
    R::socket(ask, &[]).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
