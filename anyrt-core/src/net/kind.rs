use std::fmt;
use std::hash::Hash;
use std::io;
use std::net::SocketAddr;

use super::{Address, UnixAddress};

/// What differs between sockets of the internet protocols and those on this machine.
///
/// There are two: [`Internet`] and [`Unix`].
pub trait Kind: sealed::Sealed + fmt::Debug + Send + Sync + Unpin + 'static {
    /// An address of this kind.
    type Address: Clone + fmt::Debug + fmt::Display + Eq + Hash + Into<Address> + Send + Sync;

    /// The address, if it is of this kind.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is not.
    fn address(address: Address) -> io::Result<Self::Address>;

    /// Whether connections send small packets at once unless told otherwise: the delay that TCP
    /// has by default saves packets where programs write in small pieces, which ours do not.
    #[doc(hidden)]
    const NO_DELAY: bool;
}

/// Sockets of the internet protocols: TCP and UDP.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Internet;

/// Sockets on this machine.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Unix;

impl Kind for Internet {
    type Address = SocketAddr;

    const NO_DELAY: bool = true;

    fn address(address: Address) -> io::Result<SocketAddr> {
        address.as_ip().ok_or_else(|| of_another_kind(&address))
    }
}

impl Kind for Unix {
    type Address = UnixAddress;

    const NO_DELAY: bool = false;

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
    #[expect(unnameable_types, reason = "so that nobody else can be one")]
    pub trait Sealed {}
    impl Sealed for super::Internet {}
    impl Sealed for super::Unix {}
}
