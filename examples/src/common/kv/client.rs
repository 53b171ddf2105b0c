//! A client that looks for the primary, and tries again.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::Timing;
use super::http::{self, Connection, Response};
use super::node::connect;
use super::store::RequestId;

/// A client of a cluster. It does one request at a time.
#[derive(Debug)]
pub struct Client {
    nodes: Vec<String>,
    id: u64,
    /// The number of the latest write.
    number: u64,
    timing: Timing,
    patience: Duration,
    /// The node that is tried first, which is probably the primary.
    node: usize,
    /// A connection to that node.
    connection: Option<Connection>,
}

/// The error of a request that was refused, or has no answer in time.
///
/// In the second case, a write may have happened, and may still happen later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unavailable {
    /// The result of the latest attempt, for a person.
    pub latest: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not carried out in time: {}", self.latest)
    }
}

impl Error for Unavailable {}

impl Client {
    /// Creates a client. `nodes` are the addresses of the cluster; `id` differs from that of all other clients, and
    /// of earlier ones.
    pub fn new(nodes: Vec<String>, id: u64) -> Client {
        Client {
            nodes,
            id,
            number: 0,
            timing: Timing::default(),
            patience: Duration::from_secs(10),
            node: 0,
            connection: None,
        }
    }

    /// Sets the time for which a request is tried. 10 seconds by default.
    pub fn patience(mut self, patience: Duration) -> Client {
        self.patience = patience;
        self
    }

    /// Returns the value of a key, if it has one.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no answer in time.
    pub async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let response = self.request("GET", key, None, b"").await?;
        Ok((response.status == 200).then_some(response.body))
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no answer in time. The write may have happened.
    pub async fn put(&mut self, key: &str, value: &[u8]) -> Result<(), Unavailable> {
        self.write("PUT", key, value).await
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no answer in time. The write may have happened.
    pub async fn delete(&mut self, key: &str) -> Result<(), Unavailable> {
        self.write("DELETE", key, b"").await
    }

    async fn write(&mut self, method: &str, key: &str, value: &[u8]) -> Result<(), Unavailable> {
        self.number += 1;
        let request = RequestId {
            client: self.id,
            number: self.number,
        };
        self.request(method, key, Some(request), value).await?;
        Ok(())
    }

    /// Tries a request at one node after the other, until one has carried it out.
    async fn request(
        &mut self,
        method: &str,
        key: &str,
        id: Option<RequestId>,
        body: &[u8],
    ) -> Result<Response, Unavailable> {
        let path = http::path(key);
        let (timing, patience) = (self.timing, self.patience);
        let mut latest = "no attempt has ended".to_owned();
        let attempts = async {
            // Whether a redirection was followed without a pause. The next one is not: two nodes may each take the
            // other for the primary.
            let mut has_followed = false;
            loop {
                let mut next = (self.node + 1) % self.nodes.len();
                let attempt = self.attempt((method, &path), id, body);
                let mut is_redirected = false;
                match anyrt::fail_after(timing.lease, attempt).await {
                    Ok(Ok(response)) => {
                        if matches!(response.status, 200 | 204 | 404) {
                            return Some(response);
                        }
                        latest = String::from_utf8_lossy(&response.body)
                            .trim_end()
                            .to_owned();
                        if matches!(response.status, 400..500) {
                            return None;
                        }
                        if let Some(node) = self.position(&response) {
                            (next, is_redirected) = (node, true);
                        }
                    }
                    Ok(Err(error)) => latest = error.to_string(),
                    Err(elapsed) => latest = elapsed.to_string(),
                }
                self.go_to(next);
                has_followed = is_redirected && !has_followed;
                if !has_followed {
                    anyrt::sleep(timing.pause).await;
                }
            }
        };
        let answer = anyrt::move_on_after(patience, attempts).await;
        answer.flatten().ok_or(Unavailable { latest })
    }

    /// Tries a request once. The connection is kept only if there is an answer: otherwise a late one would be taken
    /// for the answer to another request.
    async fn attempt(
        &mut self,
        line: (&str, &str),
        id: Option<RequestId>,
        body: &[u8],
    ) -> io::Result<Response> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.nodes[self.node]).await?,
        };
        let response = connection.call(line, id, body).await?;
        self.connection = Some(connection);
        Ok(response)
    }

    /// Returns the node that a response points to.
    fn position(&self, response: &Response) -> Option<usize> {
        let location = response.location.as_ref()?.strip_prefix("http://")?;
        let (address, _) = location.split_once('/')?;
        self.nodes.iter().position(|node| node == address)
    }

    fn go_to(&mut self, node: usize) {
        if node != self.node {
            self.node = node;
            self.connection = None;
        }
    }
}
