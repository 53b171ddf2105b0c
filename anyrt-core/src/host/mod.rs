//! The encoding of host names for lookups and certificates.

#[cfg(feature = "idna")]
mod idna;
#[cfg(not(feature = "idna"))]
mod without_idna;

use std::borrow::Cow;
use std::io;

#[cfg(feature = "idna")]
use self::idna::encode;
#[cfg(not(feature = "idna"))]
use self::without_idna::encode;

/// Returns the name as it is looked up and compared with certificates: an international name in the ASCII
/// form of IDNA 2008 (RFC 5891), any other unchanged.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for an international name that IDNA does not allow, and for
/// every international name if the feature `idna` is off.
pub(crate) fn to_ascii(host: &str) -> io::Result<Cow<'_, str>> {
    if host.is_ascii() {
        return Ok(Cow::Borrowed(host));
    }
    match encode(host) {
        Ok(name) => Ok(Cow::Owned(name)),
        Err(why) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{host}` is not a host name: {why}"),
        )),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::to_ascii;

    #[test]
    fn ascii_names_stay_as_they_are() {
        for host in [
            "Example.org",
            "a_b",
            "127.0.0.1",
            "fe80::1",
            "r3---sn.example",
            "",
        ] {
            assert_eq!(to_ascii(host).unwrap(), host);
        }
    }
}
