//! The order in which addresses are tried.

use std::net::SocketAddr;

/// Returns addresses in the order in which [`connect_tcp`](crate::net::connect_tcp) tries them: IPv6 and IPv4
/// alternately, as RFC 8305 (section 4) specifies, without reordering within a family.
///
/// The first address is an IPv6 address, if there is one, even where the system prefers IPv4 (as in AnyIO;
/// the RFC leaves the choice to the system).
///
/// # Examples
///
/// ```
/// use anyrt::net::interleave;
/// use std::net::SocketAddr;
///
/// let (v4, v6): (SocketAddr, SocketAddr) =
///     (([127, 0, 0, 1], 80).into(), ([0, 0, 0, 0, 0, 0, 0, 1], 80).into());
/// assert_eq!(interleave([v6, v6, v4]), [v6, v4, v6]);
/// ```
pub fn interleave(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
    let mut ordered = Vec::with_capacity(v6.len() + v4.len());
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    loop {
        let pair = (v6.next(), v4.next());
        if pair == (None, None) {
            return ordered;
        }
        ordered.extend(pair.0.into_iter().chain(pair.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::lookup::literal;

    #[test]
    fn the_families_take_turns() {
        let order = |hosts: &[&str]| {
            let addresses = hosts.iter().map(|host| literal(host, 80).unwrap());
            let ordered = interleave(addresses);
            ordered
                .iter()
                .map(|a| a.ip().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(order(&[]), [""; 0]);
        assert_eq!(order(&["1.1.1.1"]), ["1.1.1.1"]);
        assert_eq!(
            order(&["1.1.1.1", "2.2.2.2", "::1", "3.3.3.3", "::2"]),
            ["::1", "1.1.1.1", "::2", "2.2.2.2", "3.3.3.3"]
        );
    }
}
