//! A client: its running requests, and their time limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyrt::{CancelHandle, Instant};

use crate::server::Server;

/// The time that the end of a connection without a request may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// The state that the requests of a connection share.
pub(crate) struct Client {
    pub(crate) server: Arc<Server>,
    pub(crate) peer: String,
    /// The scope that ends when the client has been idle for too long.
    idleness: CancelHandle,
    /// The scope that ends the rest of the connection when it must end.
    goodbye: CancelHandle,
    /// The lock is held while a deadline is set that depends on the state.
    work: Mutex<Work>,
}

/// The work that is left for a client.
#[derive(Default)]
struct Work {
    /// The number of requests whose response is not completely in hyper.
    requests: usize,
    /// The number of requests whose body was not completely received.
    receiving: usize,
    /// The number of bytes of responses that hyper has, and the system does not. The real number is a
    /// little larger, because the heads of responses and of frames are sent too, and not counted here.
    unsent: u64,
    /// The server is stopping: the connection ends when no work is left.
    is_last: bool,
}

impl Client {
    pub(crate) fn new(
        server: Arc<Server>,
        peer: String,
        idleness: CancelHandle,
        goodbye: CancelHandle,
    ) -> Client {
        Client {
            server,
            peer,
            idleness,
            goodbye,
            work: Mutex::default(),
        }
    }

    /// Restarts the idle limit, after a request or a part of a response was transferred.
    fn is_active(&self) {
        self.idleness
            .set_deadline(anyrt::now() + self.server.limits.idle);
    }

    /// Counts a part of a response that goes to hyper.
    pub(crate) fn has_more(&self, bytes: usize) {
        self.is_active();
        self.change(|work| work.unsent += bytes as u64);
    }

    /// Counts bytes that the system has accepted. If it had no space for them before, the client has
    /// received others. That is activity only if there are responses among them: a client is not kept
    /// for the answers to its pings.
    pub(crate) fn was_sent(&self, bytes: usize, had_to_wait: bool) {
        let mut has_responses = false;
        self.change(|work| {
            has_responses = work.unsent > 0;
            work.unsent = work.unsent.saturating_sub(bytes as u64);
        });
        if had_to_wait && has_responses {
            self.is_active();
        }
    }

    /// Ends the connection. If the server is stopping, the work that is left is finished first.
    /// Otherwise the client is idle, and receives none of it.
    pub(crate) fn say_goodbye(&self) {
        match self.server.stop.is_set() {
            true => self.change(|work| work.is_last = true),
            false => self.goodbye.set_deadline(anyrt::now() + GOODBYE),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Work)) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut work);
        if work.is_last {
            self.goodbye
                .set_deadline(match work.requests == 0 && work.unsent == 0 {
                    true => anyrt::now() + GOODBYE,
                    false => Instant::FAR_FUTURE,
                });
        }
    }
}

/// A request, until its response is completely in hyper, or cannot be.
pub(crate) struct Running {
    pub(crate) client: Arc<Client>,
}

impl Running {
    pub(crate) fn new(client: Arc<Client>) -> Running {
        client.change(|work| work.requests += 1);
        Running { client }
    }
}

/// A request whose body is being received.
///
/// Receiving the body is not activity. Otherwise a client that sends one byte now and then could keep
/// its connection without limit: the idle limit is the limit for the whole request. Further HTTP/2
/// requests that begin meanwhile are not activity either, until they were received.
pub(crate) struct Receiving<'a>(&'a Client);

impl<'a> Receiving<'a> {
    pub(crate) fn new(client: &'a Client) -> Receiving<'a> {
        let mut is_only = false;
        client.change(|work| {
            is_only = work.receiving == 0;
            work.receiving += 1;
        });
        if is_only {
            client.is_active();
        }
        Receiving(client)
    }

    /// Marks the request as completely received.
    pub(crate) fn finish(self) {
        self.0.is_active();
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        self.0.change(|work| work.receiving -= 1);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.client.change(|work| work.requests -= 1);
    }
}
