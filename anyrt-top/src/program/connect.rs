//! Finding programs, and the connection to one of them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::options::Target;
use super::snapshot::{Snapshot, clean};

/// The version of the protocol that this program knows.
const PROTOCOL: u64 = 1;

/// The time to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program, as it describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) process: u64,
    pub(super) backend: String,
}

/// A connection to a program.
pub(super) struct Connection {
    send: Box<dyn Write + Send>,
    receive: BufReader<Box<dyn Read + Send>>,
}

impl Connection {
    pub(super) fn open(target: &Target) -> Result<Connection, String> {
        match target {
            Target::Process(process) => Connection::unix(&socket_of(*process)?),
            Target::Path(path) => Connection::unix(path),
            Target::Address(address) => {
                let why = |error| format!("{address} cannot be connected to: {error}");
                let socket = TcpStream::connect_timeout(address, PATIENCE).map_err(why)?;
                socket.set_read_timeout(Some(PATIENCE)).map_err(why)?;
                let copy = socket.try_clone().map_err(why)?;
                Ok(Connection::of(copy, socket))
            }
        }
    }

    fn unix(path: &Path) -> Result<Connection, String> {
        let why = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!(
                    "{} is left over from a program that has ended",
                    path.display()
                )
            }
            _ => format!("{} cannot be connected to: {error}", path.display()),
        };
        let socket = UnixStream::connect(path).map_err(why)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(why)?;
        let copy = socket.try_clone().map_err(why)?;
        Ok(Connection::of(copy, socket))
    }

    fn of(send: impl Write + Send + 'static, receive: impl Read + Send + 'static) -> Connection {
        Connection {
            send: Box::new(send),
            receive: BufReader::new(Box::new(receive)),
        }
    }

    /// Requests the version, and returns the program.
    pub(super) fn program(&mut self) -> Result<Program, String> {
        self.send(r#"{"get":"version"}"#)?;
        let answer = self.answer()?;
        match answer["protocol"].as_u64() {
            Some(PROTOCOL) => {}
            Some(other) => {
                return Err(format!(
                    "the program speaks version {other} of the protocol, and anyrt-top version \
                     {PROTOCOL}: use the anyrt-top of its anyrt"
                ));
            }
            None => return Err("the answer has no version: is this a monitor of anyrt?".into()),
        }
        let text = |name: &str| clean(answer[name].as_str().unwrap_or("?"));
        Ok(Program {
            name: text("program"),
            process: answer["pid"].as_u64().unwrap_or(0),
            backend: text("backend"),
        })
    }

    /// Requests the tree.
    pub(super) fn tree(&mut self) -> Result<Snapshot, String> {
        self.send(r#"{"get":"tree"}"#)?;
        self.next_tree()
    }

    /// Requests the tree twice a second. [`next_tree`](Connection::next_tree) returns one after the other.
    pub(super) fn watch(&mut self) -> Result<(), String> {
        self.send(r#"{"watch":"tree","every_ms":500}"#)
    }

    pub(super) fn next_tree(&mut self) -> Result<Snapshot, String> {
        let answer = self.answer()?;
        Snapshot::read(&answer).ok_or_else(|| "an answer is not a tree".to_owned())
    }

    fn send(&mut self, request: &str) -> Result<(), String> {
        let line = format!("{request}\n");
        match self.send.write_all(line.as_bytes()) {
            // A program that refuses has closed the connection. What it sent before is read next.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("the program does not listen: {error}"))
            }
            _ => Ok(()),
        }
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        match self.receive.read_line(&mut line) {
            Ok(0) => Err("the program has ended".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(format!(
                "the program has not answered for {} s: its threads may be blocked",
                PATIENCE.as_secs()
            )),
            Err(error) => Err(format!("the program does not answer: {error}")),
            Ok(_) => {
                let answer: Value = serde_json::from_str(&line)
                    .map_err(|error| format!("the answer is not JSON: {error}"))?;
                match answer["error"].as_str() {
                    Some(error) => Err(format!("the program refuses: {}", clean(error))),
                    None => Ok(answer),
                }
            }
        }
    }
}

/// Returns the programs of this user that answer, each with its socket, in the order of their process ids.
pub(super) fn programs() -> Vec<(Program, PathBuf)> {
    let mut found: Vec<_> = sockets()
        .filter_map(|(_, path)| {
            let program = Connection::unix(&path).and_then(|mut to| to.program());
            Some((program.ok()?, path))
        })
        .collect();
    found.sort_by(|(a, a_path), (b, b_path)| (a.process, a_path).cmp(&(b.process, b_path)));
    found
}

/// Returns the socket of a process: that of its first run.
fn socket_of(process: u32) -> Result<PathBuf, String> {
    let own = sockets().filter(|(owner, _)| *owner == process);
    let first = own.map(|(_, path)| path).min_by_key(|path| {
        let length = path.as_os_str().len();
        (length, path.clone())
    });
    first.ok_or_else(|| {
        format!(
            "process {process} has no monitor: start it with ANYRT_MONITOR=1, and the feature \
             `monitor` of anyrt"
        )
    })
}

/// Returns each socket with the id of its process.
fn sockets() -> impl Iterator<Item = (u32, PathBuf)> {
    let folders = anyrt::task::monitor_folders();
    let entries = folders
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    entries.flatten().flatten().filter_map(|entry| {
        let path = entry.path();
        let name = path.file_name()?.to_str()?.strip_suffix(".sock")?;
        let process = name.split('-').next()?.parse().ok()?;
        Some((process, path))
    })
}
