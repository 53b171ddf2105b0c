//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyrt::Backend;
use anyrt_examples::{address, seconds};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) struct Options {
    pub(crate) backend: Option<Backend>,
    pub(crate) command: Command,
}

pub(crate) enum Command {
    Serve(ServeOptions),
    Request(RequestOptions),
}

pub(crate) struct ServeOptions {
    pub(crate) nodes: Vec<String>,
    /// The position of this node, from 0 on.
    pub(crate) me: usize,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) dir: PathBuf,
}

pub(crate) struct RequestOptions {
    pub(crate) nodes: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) request: Request,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Get { key: String },
    Put { key: String, value: String },
    Delete { key: String },
}

/// Reads the command line. Returns `None` if help is requested.
pub(crate) fn read(mut parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut backend = None;
    let mut nodes = Vec::new();
    let (mut node, mut listen, mut timeout) = (None, None, None);
    let mut words: Vec<String> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('b') | Arg::Long("backend") => backend = Some(parser.value()?.parse()?),
            Arg::Short('n') | Arg::Long("nodes") => nodes = parser.value()?.parse_with(list)?,
            Arg::Long("node") => node = Some(parser.value()?.parse::<usize>()?),
            Arg::Short('l') | Arg::Long("listen") => listen = Some(address(&parser.value()?)?),
            Arg::Long("timeout") => timeout = Some(seconds(&parser.value()?)?),
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(word) => words.push(word.string()?),
            unknown => return Err(unknown.unexpected()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let request = match *words.as_slice() {
        ["serve", dir] => {
            if timeout.is_some() {
                return Err("--timeout is not an option of `serve`".into());
            }
            let node = node.ok_or("no position was given with --node")?;
            if !(1..=nodes.len()).contains(&node) {
                return Err(
                    "--node is not the position of an address of --nodes, from 1 on".into(),
                );
            }
            let options = ServeOptions {
                nodes,
                me: node - 1,
                listen,
                dir: dir.into(),
            };
            let command = Command::Serve(options);
            return Ok(Some(Options { backend, command }));
        }
        ["get", key] => Request::Get { key: key.into() },
        ["put", key, value] => Request::Put {
            key: key.into(),
            value: value.into(),
        },
        ["delete", key] => Request::Delete { key: key.into() },
        ["serve", ..] => return Err("`serve` needs one directory".into()),
        ["get" | "delete", ..] => return Err("`get` and `delete` need one key".into()),
        ["put", ..] => return Err("`put` needs a key and a value".into()),
        [] => return Err("no command was given: serve, get, put or delete".into()),
        [other, ..] => {
            return Err(format!("`{other}` is not serve, get, put or delete").into());
        }
    };
    if node.is_some() || listen.is_some() {
        return Err("--node and --listen are options of `serve` alone".into());
    }
    if nodes.is_empty() {
        return Err("no addresses were given with --nodes".into());
    }
    let options = RequestOptions {
        nodes,
        timeout: timeout.unwrap_or(Duration::from_secs(10)),
        request,
    };
    let command = Command::Request(options);
    Ok(Some(Options { backend, command }))
}

/// Parses a list of addresses.
fn list(text: &str) -> Result<Vec<String>, String> {
    let is_address = |address: &str| {
        let parts = address.rsplit_once(':');
        parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    };
    let addresses: Vec<String> = text.split(',').map(str::to_owned).collect();
    match addresses.iter().find(|address| !is_address(address)) {
        Some(wrong) => Err(format!(
            "`{wrong}` is not a host with a port, such as 127.0.0.1:7001"
        )),
        None => Ok(addresses),
    }
}
