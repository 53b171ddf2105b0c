//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use anyrt::Backend;
use anyrt_examples::{address, at_least_one, seconds};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) struct Options {
    pub(crate) backend: Option<Backend>,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) to: Target,
    pub(crate) max_connections: NonZeroUsize,
    /// `None` if a connection may be idle without limit.
    pub(crate) idle: Option<Duration>,
    pub(crate) connect: Duration,
}

/// The target of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Target, &'static str> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| {
            let host = match host.strip_prefix('[') {
                Some(host) => host.strip_suffix(']')?,
                // Without brackets, the start of the port is ambiguous.
                None if host.contains(':') => return None,
                None => host,
            };
            Some((host, port.parse().ok()?))
        });
        match parts {
            Some((host, port)) if !host.is_empty() => Ok(Target {
                host: host.to_owned(),
                port,
            }),
            _ => Err("not a host with a port, such as example.org:80 or [::1]:80"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

/// Reads the command line. Returns `None` if help is requested.
pub(crate) fn read(mut parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut backend = None;
    let mut listen = Vec::new();
    let mut to = None;
    let mut max_connections = NonZeroUsize::new(1000).expect("it is not zero");
    let mut idle = None;
    let mut connect = Duration::from_secs(10);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('l') | Arg::Long("listen") => listen.push(address(&parser.value()?)?),
            Arg::Short('t') | Arg::Long("to") => to = Some(parser.value()?.parse()?),
            Arg::Long("max-connections") => {
                max_connections = at_least_one(&parser.value()?, "connection")?;
            }
            Arg::Long("idle-timeout") => idle = Some(seconds(&parser.value()?)?),
            Arg::Long("connect-timeout") => connect = seconds(&parser.value()?)?,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            unknown => return Err(unknown.unexpected()),
        }
    }
    if listen.is_empty() {
        return Err("no address was given with --listen".into());
    }
    Ok(Some(Options {
        backend,
        listen,
        to: to.ok_or("no target was given with --to")?,
        max_connections,
        idle,
        connect,
    }))
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_target_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("example.org:80", "example.org", 80),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
            ("[::1]:80", "::1", 80),
        ] {
            let target: Target = text.parse().expect(text);
            assert_eq!((&*target.host, target.port), (host, port));
            assert_eq!(target.to_string(), text);
        }
        for text in [
            "",
            ":80",
            "host",
            "host:",
            "host:x",
            "host:65536",
            "::1:80",
            "[::1:80",
            "[]:80",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
