//! The command line.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyrt::Backend;
use anyrt_examples::{address, at_least_one, seconds};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) struct Options {
    pub(crate) backend: Option<Backend>,
    pub(crate) dir: PathBuf,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) tls: Option<Tls>,
    pub(crate) limits: Limits,
    pub(crate) max_connections: NonZeroUsize,
    pub(crate) quiet: bool,
}

/// The time limits.
pub(crate) struct Limits {
    /// For the TLS handshake, and the first request; with HTTP/1.1, also for waiting for each later one,
    /// and its head.
    pub(crate) head: Duration,
    /// For a time without a request and without progress of a response.
    pub(crate) idle: Duration,
    /// For finishing requests when the server is stopping.
    pub(crate) grace: Duration,
}

/// The source of the certificate.
pub(crate) enum Tls {
    Files { cert: PathBuf, key: PathBuf },
    SelfSigned,
}

/// Reads the command line. Returns `None` if help is requested.
pub(crate) fn read(mut parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut backend = None;
    let mut dir = None;
    let mut listen = Vec::new();
    let (mut cert, mut key, mut self_signed) = (None, None, false);
    let mut limits = Limits {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(60),
        grace: Duration::from_secs(10),
    };
    // With 512 KiB for each, that is 250 MiB.
    let mut max_connections = NonZeroUsize::new(500).expect("it is not zero");
    let mut quiet = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('l') | Arg::Long("listen") => listen.push(address(&parser.value()?)?),
            Arg::Long("cert") => cert = Some(PathBuf::from(parser.value()?)),
            Arg::Long("key") => key = Some(PathBuf::from(parser.value()?)),
            Arg::Long("self-signed") => self_signed = true,
            Arg::Long("timeout") => limits.head = seconds(&parser.value()?)?,
            Arg::Long("idle-timeout") => limits.idle = seconds(&parser.value()?)?,
            Arg::Long("grace") => limits.grace = seconds(&parser.value()?)?,
            Arg::Long("max-connections") => {
                max_connections = at_least_one(&parser.value()?, "connection")?;
            }
            Arg::Short('q') | Arg::Long("quiet") => quiet = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(path) if dir.is_none() => dir = Some(PathBuf::from(path)),
            Arg::Value(_) => return Err("more than one DIR was given".into()),
            unknown => return Err(unknown.unexpected()),
        }
    }
    if listen.is_empty() {
        listen.push((Ipv4Addr::LOCALHOST, 8000).into());
    }
    Ok(Some(Options {
        backend,
        dir: dir.ok_or("no DIR was given")?,
        listen,
        tls: match (cert, key, self_signed) {
            (None, None, false) => None,
            (None, None, true) => Some(Tls::SelfSigned),
            (Some(cert), Some(key), false) => Some(Tls::Files { cert, key }),
            (_, _, true) => return Err("--self-signed takes neither --cert nor --key".into()),
            _ => return Err("--cert and --key are only of use together".into()),
        },
        limits,
        max_connections,
        quiet,
    }))
}
