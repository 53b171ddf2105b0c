//! What the system's error numbers mean.

use std::io;

use rustix::io::Errno;

use super::platform;

/// Connections that linger after a server has ended do not keep the next one from its port.
pub(in crate::net) const REUSE_ADDRESS: bool = true;

/// Whether accepting failed for the sake of one connection, so that the next may be fine.
///
/// POSIX has the first two; Linux hands over what the network reported of the connection, and a
/// firewall's refusal (accept(2), "Error handling"). `EOPNOTSUPP` is left out, although it is among them:
/// it also says that the socket cannot accept at all.
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

pub(in crate::net) fn is_lack_of_resources(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        // The last is a reactor's that may watch no more.
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC)
    )
}

/// Whether the system does not have addresses of this kind at all.
pub(in crate::net) fn is_unknown_family(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AFNOSUPPORT | Errno::PFNOSUPPORT | Errno::PROTONOSUPPORT)
    )
}
