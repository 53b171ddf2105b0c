use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::listener_handshake::Handshake;
use super::{ServerSide, StandardCompatible, TlsServerConfig, TlsStream};
use crate::engine::{Wait, poll_state};
use crate::net::Listener;
use crate::runtime::Time;
use crate::stream::{Attributes, Demand};
use crate::sync::Mutex;

/// A listener whose streams are encrypted.
///
/// Handshakes run side by side, while more connections are accepted: a client that is slow, or
/// silent, holds up nobody. They belong to the listener, and go on in whichever task accepts. One
/// that fails, or takes too long, ends that connection and nothing else; it is counted, and told
/// to [`on_failure`](TlsListener::on_failure).
///
/// All handshakes share the task that accepts. A server that does thousands in a second accepts
/// from the listener beneath, and calls [`TlsStream::accept`] in the task of the connection.
pub struct TlsListener<R: Time, L: Listener> {
    listener: L,
    config: TlsServerConfig,
    limit: Duration,
    most: usize,
    on_failure: Box<dyn Fn(&io::Error) + Send + Sync>,
    failed: AtomicU64,
    /// What has begun and is not over. Who accepts has it; when dropped, it passes it on.
    handshakes: Mutex<FuturesUnordered<Handshake<R, L::Stream>>>,
}

impl<R: Time, L: Listener> TlsListener<R, L> {
    /// How long a handshake may take, unless said otherwise.
    const LIMIT: Duration = Duration::from_secs(30);
    /// How many handshakes run at once, unless said otherwise.
    const MOST: usize = 1024;

    /// Encrypts what `listener` accepts.
    pub fn new(listener: L, config: TlsServerConfig) -> TlsListener<R, L> {
        TlsListener {
            listener,
            config,
            limit: Self::LIMIT,
            most: Self::MOST,
            on_failure: Box::new(|_| {}),
            failed: AtomicU64::new(0),
            handshakes: Mutex::new(FuturesUnordered::new()),
        }
    }

    /// How long a handshake may take: 30 seconds by default. The time runs while nobody accepts,
    /// too.
    #[must_use]
    pub fn handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How many handshakes may run at once: 1024 by default. No more connections are accepted
    /// meanwhile.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn max_handshakes(mut self, most: usize) -> Self {
        assert!(
            most > 0,
            "a listener needs at least one handshake at a time"
        );
        self.most = most;
        self
    }

    /// Calls this when a handshake fails: for a log, say. By default it is only counted.
    #[must_use]
    pub fn on_failure(mut self, f: impl Fn(&io::Error) + Send + Sync + 'static) -> Self {
        self.on_failure = Box::new(f);
        self
    }

    /// How many handshakes have failed.
    pub fn failed_handshakes(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// The listener beneath.
    pub fn listener(&self) -> &L {
        &self.listener
    }

    fn report(&self, error: &io::Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        (self.on_failure)(error);
    }
}

impl<R: Time, L: Listener> Listener for TlsListener<R, L> {
    type Stream = TlsStream<L::Stream>;

    /// Gives a stream whose handshake is over, in the order in which they succeed.
    ///
    /// Several tasks may wait; one of them works for all.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before completing, nothing was accepted, and
    /// handshakes that have begun go on with the next call.
    ///
    /// # Errors
    ///
    /// What the listener beneath reports. A handshake that fails is not an error here.
    async fn accept(&self) -> io::Result<Self::Stream> {
        let mut handshakes = self.handshakes.lock().await;
        let mut incoming = pin!(None);
        poll_fn(|cx| {
            loop {
                while let Poll::Ready(Some(outcome)) = handshakes.poll_next_unpin(cx) {
                    match outcome {
                        Ok(stream) => return Poll::Ready(Ok(stream)),
                        Err(error) => self.report(&error),
                    }
                }
                poll_state::waits_for(Wait::Connection);
                if handshakes.len() >= self.most {
                    return Poll::Pending;
                }
                if incoming.is_none() {
                    incoming.set(Some(self.listener.accept()));
                }
                let accept = incoming.as_mut().as_pin_mut();
                let accept = accept.expect("it was just put there, if it was not there before");
                let stream = ready!(accept.poll(cx));
                incoming.set(None);
                handshakes.push(Handshake::new(stream?, &self.config, self.limit));
            }
        })
        .await
    }
}

impl<R: Time, L: Listener> Attributes for TlsListener<R, L> {
    fn provide(&self, demand: &mut Demand<'_>) {
        demand
            .provide::<ServerSide>(|| true)
            .provide::<StandardCompatible>(|| !self.config.relaxed);
        self.listener.provide(demand);
    }
}

impl<R: Time, L: Listener + fmt::Debug> fmt::Debug for TlsListener<R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener")
            .field("listener", &self.listener)
            .field("config", &self.config)
            .field("handshake_limit", &self.limit)
            .field("max_handshakes", &self.most)
            .field("failed_handshakes", &self.failed)
            .finish_non_exhaustive()
    }
}
