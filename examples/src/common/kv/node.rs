//! The tasks of a node.
//!
//! ```text
//! the group of the node           ends with the first error of the journal, or of the listener
//! ├─ elections                    stands for election when no primary is heard from
//! ├─ a task for each other node   sends it entries, or requests its vote
//! └─ a task for each connection   answers clients and other nodes
//! ```
//!
//! They share the [`State`], under one lock, which is held while the journal is written.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyrt::net::{Listener, ListenerExt, TcpStream, connect_tcp};
use anyrt::sync::{Condition, Mutex};
use anyrt::{GroupError, Instant};

use super::http::{self, Connection, MAX_VALUE, NoRequest, Request, Response};
use super::message::{Message, Reply};
use super::primary::NotReady;
use super::state::{Role, State};
use super::store::Write;
use super::{Options, Timing};

/// The time for which a connection may be idle.
const IDLE: Duration = Duration::from_secs(60);

/// The path of messages between nodes.
const NODES: &str = "/node";

/// A node of a cluster, with its journal open.
#[derive(Debug)]
pub struct Node {
    state: Arc<Mutex<State>>,
    /// Notified after each change of the state.
    changed: Condition<Arc<Mutex<State>>>,
    addresses: Vec<String>,
    me: usize,
    timing: Timing,
}

impl Node {
    /// Opens the journal of a node.
    ///
    /// # Errors
    ///
    /// Returns the error of the file system, or an error if the file is not a journal.
    pub async fn open(options: Options) -> io::Result<Arc<Node>> {
        let (addresses, me, timing) = (options.nodes.clone(), options.me, options.timing);
        let state = Arc::new(Mutex::new(State::open(options).await?));
        Ok(Arc::new(Node {
            changed: Condition::new(state.clone()),
            state,
            addresses,
            me,
            timing,
        }))
    }

    /// Serves clients and the other nodes.
    ///
    /// # Errors
    ///
    /// Returns the error of the journal or of the listener. It never returns `Ok`.
    pub async fn serve<L>(self: Arc<Self>, listener: L) -> io::Result<()>
    where
        L: Listener<Stream = TcpStream>,
    {
        let group = anyrt::task_group(async |tg| {
            let node = self.clone();
            tg.spawn(async move { node.hold_elections().await });
            for other in (0..self.addresses.len()).filter(|other| *other != self.me) {
                let node = self.clone();
                tg.spawn(async move { node.talk_to(other).await });
            }
            let handler = |stream| {
                let node = self.clone();
                async move { node.serve_connection(stream).await }
            };
            listener.serve_in(&tg, handler).await
        });
        match group.await {
            Err(GroupError::Failed(errors)) => Err(errors.into_first()),
            _ => Ok(()),
        }
    }

    /// Stands for election each time that it is due.
    async fn hold_elections(&self) -> io::Result<()> {
        loop {
            let mut state = self.state.lock().await;
            let now = anyrt::now();
            let due = match state.role {
                Role::Primary(_) => now + self.timing.lease,
                _ => state.election,
            };
            if due <= now {
                state.stand().await?;
                self.changed.notify_all(&state);
            } else {
                drop(state);
                anyrt::sleep_until(due).await;
            }
        }
    }

    /// Sends another node what it has to receive.
    async fn talk_to(&self, other: usize) -> io::Result<()> {
        let mut connection = None;
        let mut heartbeat = anyrt::now();
        loop {
            let message = self.next_message(other, heartbeat).await;
            let sent = anyrt::now();
            heartbeat = sent + self.timing.heartbeat;
            let call = call(&mut connection, &self.addresses[other], &message);
            match anyrt::move_on_after(self.timing.call, call).await {
                Some(Ok(reply)) => {
                    let is_refused = matches!(message, Message::Vote { .. }) && !reply.accepted;
                    let mut state = self.state.lock().await;
                    state.receive_reply(other, &message, sent, reply).await?;
                    self.changed.notify_all(&state);
                    drop(state);
                    if is_refused {
                        anyrt::sleep(self.timing.pause).await;
                    }
                }
                // The answer may arrive later: it is not for the next message.
                _ => {
                    connection = None;
                    anyrt::sleep(self.timing.pause).await;
                }
            }
        }
    }

    /// Waits until there is a message for another node.
    async fn next_message(&self, other: usize, heartbeat: Instant) -> Message {
        let mut state = self.state.lock().await;
        loop {
            if let Some(message) = state.vote_request(other) {
                return message;
            }
            state = match state.append_request(other) {
                Some((message, has_entries)) => {
                    if has_entries || heartbeat <= anyrt::now() {
                        return message;
                    }
                    let changed = self.changed.wait(state);
                    match anyrt::move_on_at(heartbeat, changed).await {
                        Some(state) => state,
                        None => self.state.lock().await,
                    }
                }
                None => self.changed.wait(state).await,
            };
        }
    }

    /// Answers the requests of a connection. An error is one of the node, not of the connection.
    async fn serve_connection(&self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream);
        loop {
            let received = anyrt::move_on_after(IDLE, connection.receive_request());
            let (response, is_last) = match received.await {
                Some(Ok(request)) => {
                    let is_last = request.is_last;
                    (self.answer(request).await?, is_last)
                }
                Some(Err(NoRequest::Refused(response))) => (response, true),
                Some(Err(NoRequest::Ended)) | None => return Ok(()),
            };
            let sent = anyrt::move_on_after(IDLE, connection.respond(&response)).await;
            if is_last || !matches!(sent, Some(Ok(()))) {
                return Ok(());
            }
        }
    }

    async fn answer(&self, request: Request) -> io::Result<Response> {
        let method = request.method.as_str();
        if (method, request.path.as_str()) == ("POST", NODES) {
            return self.answer_node(&request.body).await;
        }
        if (method, request.path.as_str()) == ("GET", "/status") {
            return Ok(self.status().await);
        }
        let Some(key) = http::key(&request.path) else {
            return Ok(Response::text(404, "keys are at /kv/KEY"));
        };
        let value = match method {
            "GET" => return Ok(self.read(&key, &request.path).await),
            "PUT" if request.body.len() > MAX_VALUE => {
                return Ok(Response::text(413, "the value is too long"));
            }
            "PUT" => Some(request.body),
            "DELETE" => None,
            _ => return Ok(Response::text(405, "use GET, PUT or DELETE")),
        };
        let write = Write {
            request: request.id,
            key,
            value,
        };
        self.write(write, &request.path).await
    }

    async fn answer_node(&self, body: &[u8]) -> io::Result<Response> {
        let message = match Message::decode(body) {
            Ok(message) => message,
            Err(error) => return Ok(Response::text(400, &error.to_string())),
        };
        let mut state = self.state.lock().await;
        let reply = state.receive(message).await?;
        self.changed.notify_all(&state);
        Ok(Response::new(200, reply.encode()))
    }

    async fn read(&self, key: &str, path: &str) -> Response {
        let state = self.state.lock().await;
        match state.read(key) {
            Ok(Some(value)) => Response::new(200, value.clone()),
            Ok(None) => Response::text(404, "there is no such key"),
            Err(NotReady::NoLease) => Response::text(503, "the primary has no lease; try again"),
            Err(NotReady::NotPrimary) => self.elsewhere(&state, path),
        }
    }

    async fn write(&self, write: Write, path: &str) -> io::Result<Response> {
        let mut state = self.state.lock().await;
        if !state.is_primary() {
            return Ok(self.elsewhere(&state, path));
        }
        let (term, index) = (state.term, state.propose(write).await?);
        self.changed.notify_all(&state);
        let outcome = self.changed.wait_for(state, |state| {
            let entry = state.log.get(index - 1);
            let is_there = entry.is_some_and(|entry| entry.term == term);
            match is_there && state.commit >= index {
                true => Some(true),
                // In a later term, other entries may take its place.
                false => (state.term != term).then_some(false),
            }
        });
        // Longer than clients wait.
        let outcome = anyrt::move_on_after(self.timing.lease * 5, outcome).await;
        Ok(match outcome {
            Some((_, true)) => Response::new(204, ""),
            _ => Response::text(503, "the write may have happened, or may happen later"),
        })
    }

    /// Sends a client to the primary.
    fn elsewhere(&self, state: &State, path: &str) -> Response {
        match state.primary {
            Some(primary) if primary != self.me => Response {
                location: Some(format!("http://{}{path}", self.addresses[primary])),
                ..Response::text(307, "another node is the primary")
            },
            _ => Response::text(503, "there is no primary; try again"),
        }
    }

    async fn status(&self) -> Response {
        let state = self.state.lock().await;
        let role = match state.role {
            Role::Backup => "backup",
            Role::Candidate { .. } => "candidate",
            Role::Primary(_) => "primary",
        };
        let (term, commit, entries) = (state.term, state.commit, state.log.len());
        let text = format!("{role} of term {term}, {commit} of {entries} entries committed");
        Response::text(200, &text)
    }
}

/// Sends a message to a node, over the connection if there is one, and receives the answer.
async fn call(
    connection: &mut Option<Connection>,
    address: &str,
    message: &Message,
) -> io::Result<Reply> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connect(address).await?),
    };
    let message = message.encode();
    let response = connection.call(("POST", NODES), None, &message).await?;
    Reply::decode(&response.body)
}

/// Connects to a node at `HOST:PORT`.
pub(super) async fn connect(address: &str) -> io::Result<Connection> {
    let wrong = || {
        let text = format!("{address}: not a host with a port, such as 127.0.0.1:7001");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    };
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().map_err(|_| wrong())?;
    Ok(Connection::new(connect_tcp(host, port).await?))
}
