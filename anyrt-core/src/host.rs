//! Names of hosts as the system's resolver takes them.

use std::borrow::Cow;
use std::io;

/// The name in ASCII.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for other names.
pub(crate) fn to_ascii(host: &str) -> io::Result<Cow<'_, str>> {
    if host.is_ascii() {
        return Ok(Cow::Borrowed(host));
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the name is not in ASCII: switch the feature `idna` on",
    ))
}
