//! Conversion of addresses to and from their form in system calls.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;

use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

use super::platform;
use crate::net::{Address, UnixAddress};

/// Converts an address for a system call; fails for an unnamed one, and for a name that is too long.
pub(super) fn to_os(address: &Address) -> io::Result<SocketAddrAny> {
    Ok(match address {
        Address::Ip(address) => (*address).into(),
        Address::Unix(UnixAddress::Path(path)) => SocketAddrUnix::new(path)?.into(),
        Address::Unix(UnixAddress::Abstract(name)) => platform::abstract_name(name)?.into(),
        Address::Unix(UnixAddress::Unnamed) => return Err(io::ErrorKind::InvalidInput.into()),
    })
}

/// Converts an address from a system call. A socket that is not bound has no address on some systems, and an
/// empty one on others.
pub(super) fn from_os(address: Option<SocketAddrAny>) -> io::Result<Address> {
    let Some(address) = address else {
        return Ok(UnixAddress::Unnamed.into());
    };
    if address.address_family() != AddressFamily::UNIX {
        return Ok(SocketAddr::try_from(address)?.into());
    }
    let address = SocketAddrUnix::try_from(address)?;
    let name = if let Some(path) = address.path_bytes() {
        UnixAddress::Path(OsStr::from_bytes(path).into())
    } else {
        match platform::abstract_bytes(&address) {
            // An unnamed socket has an empty name.
            Some(name) if !name.is_empty() => UnixAddress::Abstract(name.to_vec()),
            _ => UnixAddress::Unnamed,
        }
    };
    Ok(name.into())
}
