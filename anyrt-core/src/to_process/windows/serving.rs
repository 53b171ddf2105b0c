//! The worker's end of the channel.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::exit;

use crate::role::{CANNOT_SERVE, accept_invitation};

/// The socket of a worker.
pub(in crate::to_process) type Stream = TcpStream;

/// Empties the standard input, and connects to the program.
///
/// The standard output of a test cannot be redirected to the standard error without `unsafe`, and stays the null device.
pub(in crate::to_process) fn open(marker: usize, _in_test: bool) -> io::Result<Stream> {
    let invitation = accept_invitation(marker)?;
    let words: Vec<_> = invitation.split_ascii_whitespace().collect();
    let [port, secret, welcome] = words[..] else {
        return Err(ErrorKind::InvalidData.into());
    };
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    socket.write_all(secret.as_bytes())?;
    let mut received = vec![0; welcome.len()];
    socket.read_exact(&mut received)?;
    if received != welcome.as_bytes() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    Ok(socket)
}

/// Ends this process. The program's end of the job ends the processes that the functions have started.
pub(in crate::to_process) fn end() -> ! {
    exit(CANNOT_SERVE)
}
