//! A client: what there is to do for it, and how long it may take.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyrt::{CancelHandle, Instant};

use crate::server::Server;

/// How long the end of a connection without a request may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What the requests of a connection share.
pub(crate) struct Client {
    pub(crate) server: Arc<Server>,
    pub(crate) peer: String,
    /// Ends when the client has been idle for too long.
    idleness: CancelHandle,
    /// Ends what is left of the connection when it is to end.
    goodbye: CancelHandle,
    /// The lock is held while a deadline is set that depends on it.
    work: Mutex<Work>,
}

/// What there is to do for a client.
#[derive(Default)]
struct Work {
    /// Requests whose response hyper does not have as a whole.
    requests: usize,
    /// Requests of which the body has not been received as a whole.
    receiving: usize,
    /// How much of responses hyper has, and the system has not. It is a little less than that: the
    /// heads of responses and of frames are sent too, and not counted here.
    unsent: u64,
    /// The server is to stop: when there is nothing to do any more, the connection ends.
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

    /// Something was asked for, or taken.
    fn is_active(&self) {
        self.idleness
            .set_deadline(anyrt::now() + self.server.limits.idle);
    }

    /// A part of a response goes to hyper.
    pub(crate) fn has_more(&self, bytes: usize) {
        self.is_active();
        self.change(|work| work.unsent += bytes as u64);
    }

    /// The system has these bytes. If it had no room for them before, the client has taken others,
    /// which counts if there are responses among them: nobody is kept for the answers to its pings.
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

    /// The connection is to end. If the server is to stop, what there is to do is finished first;
    /// otherwise the client is idle, and takes nothing of it.
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

/// A request, until its response is in hyper's hands or cannot be.
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
/// Receiving it does not count as activity, or a client that sends one byte now and then would keep its
/// connection for as long as it likes: the idle limit is the limit for the whole request. Nor do
/// further requests with HTTP/2 count that begin meanwhile, until they were received.
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

    /// The request was received as a whole.
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
