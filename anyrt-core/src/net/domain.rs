//! The two kinds of sockets, as type parameters of streams, listeners and datagram sockets.

use std::fmt;
use std::hash::Hash;
use std::io;
use std::net::SocketAddr;

use super::{Address, UnixAddress};

/// The maximum length of a UDP packet in bytes: 65,527 with IPv6; with IPv4 it is 65,507.
pub const MAX_UDP_PACKET: usize = 65_527;

/// The kind of a socket, which determines the type of its addresses.
///
/// There are two kinds: [`Ip`] and [`Unix`]. The trait is sealed.
pub trait Domain: sealed::Sealed + fmt::Debug + Send + Sync + Unpin + 'static {
    /// An address of this kind.
    type Address: Clone + fmt::Debug + fmt::Display + Eq + Hash + Into<Address> + Send + Sync;

    /// Returns the address, if it is of this kind.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the address is of the other kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Address, Domain, Ip, Unix, UnixAddress};
    ///
    /// let address = Address::from(UnixAddress::from("/run/app.sock"));
    /// assert_eq!(Unix::address(address.clone()).unwrap(), UnixAddress::from("/run/app.sock"));
    /// assert!(Ip::address(address).is_err());
    /// ```
    fn address(address: Address) -> io::Result<Self::Address>;

    /// Whether connections set `TCP_NODELAY` unless the caller sets it otherwise. The delay that TCP has
    /// by default saves packets only if a program writes in small pieces.
    #[doc(hidden)]
    const NO_DELAY: bool;

    /// The length of the longest packet, or more: a receive makes room for no more than that.
    #[doc(hidden)]
    const LONGEST_PACKET: usize;
}

/// IP sockets: TCP and UDP.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ip;

/// Unix sockets, on this machine.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unix;

impl Domain for Ip {
    type Address = SocketAddr;

    const NO_DELAY: bool = true;
    const LONGEST_PACKET: usize = MAX_UDP_PACKET;

    fn address(address: Address) -> io::Result<SocketAddr> {
        address.as_ip().ok_or_else(|| of_another_kind(&address))
    }
}

impl Domain for Unix {
    type Address = UnixAddress;

    const NO_DELAY: bool = false;
    // The limit of the system is the size of the sender's buffer, and can be changed.
    const LONGEST_PACKET: usize = 16 << 20;

    fn address(address: Address) -> io::Result<UnixAddress> {
        match address {
            Address::Unix(address) => Ok(address),
            Address::Ip(_) => Err(of_another_kind(&address)),
        }
    }
}

fn of_another_kind(address: &Address) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "a socket of the family {} cannot be used here",
            address.family()
        ),
    )
}

mod sealed {
    #[expect(unnameable_types, reason = "so that no other type can be one")]
    pub trait Sealed {}
    impl Sealed for super::Ip {}
    impl Sealed for super::Unix {}
}
