//! Addresses of sockets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The address of a socket: an IP address and port, or the name of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// The name of a Unix socket.
    Unix(UnixAddress),
}

impl Address {
    /// Returns the IP address and port, or `None` for a Unix socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Address, UnixAddress};
    /// use std::net::SocketAddr;
    ///
    /// let local = SocketAddr::from(([127, 0, 0, 1], 80));
    /// assert_eq!(Address::from(local).as_ip(), Some(local));
    /// assert_eq!(Address::from(UnixAddress::Unnamed).as_ip(), None);
    /// ```
    pub fn as_ip(&self) -> Option<SocketAddr> {
        match self {
            Address::Ip(address) => Some(*address),
            Address::Unix(_) => None,
        }
    }

    /// Returns the name of a Unix socket, or `None` for an IP address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Address, UnixAddress};
    ///
    /// let address = Address::from(UnixAddress::from("/run/app.sock"));
    /// assert_eq!(address.as_unix(), Some(&UnixAddress::from("/run/app.sock")));
    /// ```
    pub fn as_unix(&self) -> Option<&UnixAddress> {
        match self {
            Address::Ip(_) => None,
            Address::Unix(address) => Some(address),
        }
    }

    /// Returns the family of the address.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Address, Family};
    /// use std::net::SocketAddr;
    ///
    /// let address = Address::from(SocketAddr::from(([127, 0, 0, 1], 80)));
    /// assert_eq!(address.family(), Family::Ipv4);
    /// ```
    pub fn family(&self) -> Family {
        match self {
            Address::Ip(address) if address.is_ipv4() => Family::Ipv4,
            Address::Ip(_) => Family::Ipv6,
            Address::Unix(_) => Family::Unix,
        }
    }
}

/// Formats IP addresses as `127.0.0.1:80` and `[::1]:80`, and Unix sockets as their path, as `@name` for
/// an abstract name, or as `(unnamed)`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(address) => address.fmt(f),
            Address::Unix(address) => address.fmt(f),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Ip(address)
    }
}

impl From<(IpAddr, u16)> for Address {
    fn from(address: (IpAddr, u16)) -> Address {
        Address::Ip(address.into())
    }
}

impl From<UnixAddress> for Address {
    fn from(address: UnixAddress) -> Address {
        Address::Unix(address)
    }
}

/// The name of a Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnixAddress {
    /// No name, as most clients have.
    #[default]
    Unnamed,
    /// A path in the file system.
    Path(PathBuf),
    /// A name outside the file system, which disappears with the socket. Linux only.
    Abstract(Vec<u8>),
}

impl UnixAddress {
    /// Returns the path, if the socket has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixAddress;
    /// use std::path::Path;
    ///
    /// assert_eq!(UnixAddress::from("/run/app.sock").as_path(), Some(Path::new("/run/app.sock")));
    /// assert_eq!(UnixAddress::Unnamed.as_path(), None);
    /// ```
    pub fn as_path(&self) -> Option<&Path> {
        match self {
            UnixAddress::Path(path) => Some(path),
            UnixAddress::Unnamed | UnixAddress::Abstract(_) => None,
        }
    }

    /// Returns the abstract name, if the socket has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UnixAddress;
    ///
    /// let address = UnixAddress::Abstract(b"app".to_vec());
    /// assert_eq!(address.as_abstract(), Some(&b"app"[..]));
    /// ```
    pub fn as_abstract(&self) -> Option<&[u8]> {
        match self {
            UnixAddress::Abstract(name) => Some(name),
            UnixAddress::Unnamed | UnixAddress::Path(_) => None,
        }
    }
}

impl<P: Into<PathBuf>> From<P> for UnixAddress {
    fn from(path: P) -> UnixAddress {
        UnixAddress::Path(path.into())
    }
}

impl fmt::Display for UnixAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnixAddress::Unnamed => f.write_str("(unnamed)"),
            UnixAddress::Path(path) => path.display().fmt(f),
            UnixAddress::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
        }
    }
}

/// The family of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Internet protocol, version 4.
    Ipv4,
    /// Internet protocol, version 6.
    Ipv6,
    /// Unix sockets, on this machine.
    Unix,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
            Family::Unix => "Unix",
        })
    }
}
