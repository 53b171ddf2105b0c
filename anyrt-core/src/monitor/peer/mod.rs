//! The checks of listeners and clients: both are on this machine, and clients on Unix sockets are processes of the
//! same user.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod other;

use std::io;

#[cfg(any(target_os = "linux", target_os = "android"))]
use self::linux::user_of;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::other::user_of;
use crate::net::{Address, Descriptor, LocalAddress};
use crate::stream::{Attributes, AttributesExt};

/// Checks that a listener can be reached from this machine alone.
pub(super) fn check_listener(listener: &impl Attributes) -> io::Result<()> {
    let is_local = match listener.attribute::<LocalAddress>()? {
        Address::Ip(address) => address.ip().is_loopback(),
        Address::Unix(_) => true,
    };
    if is_local {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the listener of a monitor is not local: bind a Unix socket, or TCP on a loopback address",
    ))
}

/// Checks that a client is a process of this user, or of the superuser, as far as the system knows: it does not
/// know the users of TCP connections.
pub(super) fn check(stream: &impl Attributes) -> Result<(), String> {
    if let Ok(Address::Ip(_)) = stream.attribute::<LocalAddress>() {
        return Ok(());
    }
    // Sockets of other implementations have no descriptor, and no users.
    let Ok(socket) = stream.attribute::<Descriptor>() else {
        return Ok(());
    };
    let own = rustix::process::geteuid();
    match user_of(&socket) {
        Ok(None) => Ok(()),
        Ok(Some(user)) if user == own || user.is_root() => Ok(()),
        Ok(Some(_)) => Err("this is a program of another user".to_owned()),
        Err(error) => Err(format!("the user of the client is unknown: {error}")),
    }
}
