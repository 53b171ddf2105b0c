//! The meaning of the system's error numbers, for `net::listen`. On Windows,
//! `net::winsock::errors` takes the place of this file.

use std::io;

use rustix::io::Errno;

use super::platform;

/// The default of `SO_REUSEADDR`: on, so that lingering connections of an earlier server do not block its port.
pub(in crate::net) const REUSE_ADDRESS: bool = true;

/// Returns whether accepting failed because of one connection, so that the next may succeed.
///
/// POSIX has the first two numbers. Linux also reports network errors of the connection, and the refusal of a
/// firewall (accept(2), "Error handling"). `EOPNOTSUPP` is one of these, but is left out: it also means that
/// the socket cannot accept at all.
pub(in crate::net) fn is_of_a_connection(error: &io::Error) -> bool {
    let Some(error) = Errno::from_io_error(error) else {
        return false;
    };
    matches!(
        error,
        Errno::CONNABORTED
            | Errno::PROTO
            | Errno::CONNRESET
            | Errno::TIMEDOUT
            | Errno::PERM
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NOPROTOOPT
    ) || platform::OF_A_CONNECTION.contains(&error)
}

/// Returns whether descriptors or memory have run out.
pub(in crate::net) fn is_lack_of_resources(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        // `ENOSPC`: the reactor cannot watch more descriptors.
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC)
    )
}

/// Returns whether the system does not support this address family at all.
pub(in crate::net) fn is_unknown_family(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AFNOSUPPORT | Errno::PFNOSUPPORT | Errno::PROTONOSUPPORT)
    )
}
