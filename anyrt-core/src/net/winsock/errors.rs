//! The meaning of the error numbers of Windows, for `net::listen` and for adoption.

use std::io;

/// The default of `SO_REUSEADDR`: off, as it would let other programs take over the port. Lingering connections of
/// an earlier server do not block it.
pub(in crate::net) const REUSE_ADDRESS: bool = false;

/// `WSAENOTSOCK`.
const NOT_A_SOCKET: i32 = 10038;

/// `WSAENETDOWN`, `WSAENETRESET`, `WSAETIMEDOUT`, `WSAEHOSTUNREACH`: failures of the connection's network.
const OF_A_CONNECTION: &[i32] = &[10050, 10052, 10060, 10065];

/// `WSAEMFILE` and `WSAENOBUFS`.
const LACK_OF_RESOURCES: &[i32] = &[10024, 10055];

/// `WSAEPROTONOSUPPORT`, `WSAEPFNOSUPPORT` and `WSAEAFNOSUPPORT`.
const UNKNOWN_FAMILY: &[i32] = &[10043, 10046, 10047];

/// Returns whether accepting failed because of one connection, so that the next may succeed.
pub(in crate::net) fn is_of_a_connection(error: &io::Error) -> bool {
    is_one_of(error, OF_A_CONNECTION)
}

/// Returns whether sockets or memory have run out.
pub(in crate::net) fn is_lack_of_resources(error: &io::Error) -> bool {
    is_one_of(error, LACK_OF_RESOURCES)
}

/// Returns whether the system does not support this address family at all.
pub(in crate::net) fn is_unknown_family(error: &io::Error) -> bool {
    is_one_of(error, UNKNOWN_FAMILY)
}

/// Returns whether something is not a socket.
pub(super) fn is_no_socket(error: &io::Error) -> bool {
    is_one_of(error, &[NOT_A_SOCKET])
}

fn is_one_of(error: &io::Error, numbers: &[i32]) -> bool {
    error
        .raw_os_error()
        .is_some_and(|number| numbers.contains(&number))
}
