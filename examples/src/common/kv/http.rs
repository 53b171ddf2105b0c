//! HTTP/1.1, as far as nodes, clients and `curl` need it: bodies have a length, and nothing is pipelined.

use std::io;

use anyrt::net::TcpStream;
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::store::RequestId;

/// The size of a value, in bytes, at most.
pub const MAX_VALUE: usize = 1024 * 1024;

/// The size of a body, at most: a value, or a message with a batch of entries.
const MAX_BODY: usize = 2 * MAX_VALUE;

/// The size of a head, at most.
const MAX_HEAD: usize = 16 * 1024;

/// The paths of keys start with this.
const KEYS: &str = "/kv/";

/// A connection between a client and a node, or between two nodes.
#[derive(Debug)]
pub(super) struct Connection(BufferedByteStream<TcpStream>);

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: Option<RequestId>,
    pub(super) body: Vec<u8>,
    /// Whether the connection ends with this request.
    pub(super) is_last: bool,
}

#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The reason why there is no request.
#[derive(Debug)]
pub(super) enum NoRequest {
    /// The connection has ended.
    Ended,
    /// This is the answer to a request that cannot be read.
    Refused(Response),
}

impl Response {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response {
            status,
            location: None,
            body: body.into(),
        }
    }

    /// Returns a response with a line of text.
    pub(super) fn text(status: u16, text: &str) -> Response {
        Response::new(status, format!("{text}\n"))
    }
}

/// Returns the path of a key.
pub(super) fn path(key: &str) -> String {
    format!("{KEYS}{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
}

/// Returns the key of a path, or `None` if it has none.
pub(super) fn key(path: &str) -> Option<String> {
    let key = percent_decode_str(path.strip_prefix(KEYS)?);
    let key = key.decode_utf8().ok()?.into_owned();
    (!key.is_empty()).then_some(key)
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Connection {
        // Without it, messages are only later.
        drop(stream.set_option(anyrt::net::SocketOption::NoDelay(true)));
        Connection(BufferedByteStream::new(stream))
    }

    /// Receives the next request.
    pub(super) async fn receive_request(&mut self) -> Result<Request, NoRequest> {
        let refused = |status, text: &str| Err(NoRequest::Refused(Response::text(status, text)));
        let head = match self.receive_head().await {
            Ok(head) => head,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return refused(400, "the head of the request cannot be read");
            }
            Err(_) => return Err(NoRequest::Ended),
        };
        let words: Vec<&str> = head.first.split(' ').collect();
        let &[method, path, version @ ("HTTP/1.0" | "HTTP/1.1")] = &words[..] else {
            return refused(400, "the first line is not a request of HTTP/1.1");
        };
        if head.value("transfer-encoding").is_some() {
            return refused(411, "the body needs a Content-Length");
        }
        let id = head.value("request-id").map(parse_id);
        let length = head.value("content-length").unwrap_or("0").parse();
        let (Ok(length), None | Some(Some(_))) = (length, id) else {
            return refused(400, "a Content-Length or Request-Id cannot be read");
        };
        // A client that waits is told before it sends the value.
        let waits = head.value("expect").is_some();
        let is_value = path.starts_with(KEYS);
        if length > MAX_BODY || (waits && is_value && length > MAX_VALUE) {
            return refused(413, "the value is too long");
        }
        if waits {
            let sent = self.0.send(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            sent.map_err(|_| NoRequest::Ended)?;
        }
        let body = self.0.receive_exactly(length).await;
        let connection = head.value("connection").unwrap_or_default();
        Ok(Request {
            method: method.to_owned(),
            path: path.to_owned(),
            id: id.flatten(),
            body: body.map_err(|_| NoRequest::Ended)?,
            is_last: version == "HTTP/1.0" || connection.eq_ignore_ascii_case("close"),
        })
    }

    pub(super) async fn respond(&mut self, response: &Response) -> io::Result<()> {
        let Response {
            status,
            location,
            body,
        } = response;
        let location = match location {
            Some(location) => format!("Location: {location}\r\n"),
            None => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Length: {}\r\n{location}\r\n",
            reason(*status),
            body.len()
        );
        self.send(head, body).await
    }

    /// Sends a request, and receives the response.
    pub(super) async fn call(
        &mut self,
        (method, path): (&str, &str),
        id: Option<RequestId>,
        body: &[u8],
    ) -> io::Result<Response> {
        let id = match id {
            Some(RequestId { client, number }) => format!("Request-Id: {client}-{number}\r\n"),
            None => String::new(),
        };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: kv\r\nContent-Length: {length}\r\n{id}\r\n");
        self.send(head, body).await?;
        let head = self.receive_head().await?;
        let status = head.first.strip_prefix("HTTP/1.1 ");
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
        let length = head.value("content-length").unwrap_or("0").parse();
        let (Some(status), Ok(length)) = (status, length) else {
            return Err(unreadable());
        };
        if length > MAX_BODY {
            return Err(unreadable());
        }
        Ok(Response {
            status,
            location: head.value("location").map(str::to_owned),
            body: self.0.receive_exactly(length).await?,
        })
    }

    /// Sends head and body at once.
    async fn send(&mut self, head: String, body: &[u8]) -> io::Result<()> {
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.0.send(&bytes).await
    }

    async fn receive_head(&mut self) -> io::Result<Head> {
        let received = self.0.receive_until(b"\r\n\r\n", MAX_HEAD).await;
        let bytes =
            received.map_err(
                |error| match anyrt::stream::is_delimiter_not_found(&error) {
                    true => unreadable(),
                    false => error,
                },
            )?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(':').ok_or_else(unreadable)?;
            Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let fields = fields.collect::<io::Result<_>>()?;
        Ok(Head { first, fields })
    }
}

/// The first line of a message, and its header fields with names in lower case.
struct Head {
    first: String,
    fields: Vec<(String, String)>,
}

impl Head {
    fn value(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn parse_id(text: &str) -> Option<RequestId> {
    let (client, number) = text.split_once('-')?;
    Some(RequestId {
        client: client.parse().ok()?,
        number: number.parse().ok()?,
    })
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a message of HTTP/1.1")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
