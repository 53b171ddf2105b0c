//! [`TlsListener`]: concurrent handshakes that belong to a listener.
//!
//! The handshakes are in the listener, not in tasks: each task that accepts polls them all, and dropping the
//! listener drops them.

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
use crate::stream::{Attributes, Request};
use crate::sync::Mutex;

/// A listener for encrypted streams.
///
/// Handshakes run concurrently, while more connections are accepted, so a slow or silent client does not
/// delay others. They belong to the listener, and any task that accepts polls them. A handshake that fails or
/// takes too long ends only its own connection; it is counted, and passed to
/// [`on_failure`](TlsListener::on_failure).
///
/// All handshakes run in the task that accepts. A server with thousands of handshakes per second should
/// accept from the inner listener, and call [`TlsStream::accept`] in the task of the connection.
pub struct TlsListener<R: Time, L: Listener> {
    listener: L,
    config: TlsServerConfig,
    limit: Duration,
    most: usize,
    on_failure: Box<dyn Fn(&io::Error) + Send + Sync>,
    /// The number of failed handshakes. Relaxed: only a statistic.
    failed: AtomicU64,
    /// The handshakes in progress. The accepting task holds the lock; when its call is dropped, the next
    /// accepting task gets it.
    handshakes: Mutex<FuturesUnordered<Handshake<R, L::Stream>>>,
}

impl<R: Time, L: Listener> TlsListener<R, L> {
    /// The default time limit of a handshake.
    const LIMIT: Duration = Duration::from_secs(30);
    /// The default maximum number of concurrent handshakes.
    const MOST: usize = 1024;

    /// Creates a listener that encrypts the streams of `listener`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, TcpListener, connect_tcp};
    /// use anyrt::tls::{TlsClientConfig, TlsListener, TlsServerConfig, TlsStream};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let client = TlsClientConfig::with_roots(chain.clone())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let tcp = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let listener = TlsListener::new(listener, server);
    /// let connect = TlsStream::connect(tcp, "host.example", &client);
    /// let (accepted, connected) = anyrt::gather((listener.accept(), connect)).await;
    /// assert!(accepted.is_ok() && connected.is_ok());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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

    /// Sets the time limit of a handshake. Defaults to 30 seconds. The time also passes while no task
    /// accepts.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, TcpListener, connect_tcp};
    /// use anyrt::tls::{TlsListener, TlsServerConfig};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let _silent = connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?;
    /// let listener = TlsListener::new(listener, server).handshake_limit(Duration::from_millis(5));
    /// anyrt::move_on_after(Duration::from_millis(100), listener.accept()).await;
    /// assert_eq!(listener.failed_handshakes(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the maximum number of concurrent handshakes. Defaults to 1024. While it is reached, no more
    /// connections are accepted.
    ///
    /// # Panics
    ///
    /// If `most` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    /// use anyrt::tls::{TlsListener, TlsServerConfig};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let listener = TlsListener::new(listener, server).max_handshakes(64);
    /// assert_eq!(listener.failed_handshakes(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn max_handshakes(mut self, most: usize) -> Self {
        assert!(
            most > 0,
            "a listener needs at least one handshake at a time"
        );
        self.most = most;
        self
    }

    /// Sets a function to call when a handshake fails, for example to log it. By default failures are only
    /// counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, TcpListener, connect_tcp};
    /// use anyrt::tls::{TlsListener, TlsServerConfig};
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// static FAILED: AtomicUsize = AtomicUsize::new(0);
    ///
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// drop(connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?);
    /// let listener = TlsListener::new(listener, server).on_failure(|_error| {
    ///     FAILED.fetch_add(1, Ordering::Relaxed);
    /// });
    /// anyrt::move_on_after(Duration::from_millis(100), listener.accept()).await;
    /// assert_eq!(FAILED.load(Ordering::Relaxed), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn on_failure(mut self, f: impl Fn(&io::Error) + Send + Sync + 'static) -> Self {
        self.on_failure = Box::new(f);
        self
    }

    /// Returns the number of failed handshakes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{Listener, TcpListener, connect_tcp};
    /// use anyrt::tls::{TlsListener, TlsServerConfig};
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// drop(connect_tcp("127.0.0.1", listener.local_addr()?.port()).await?);
    /// let listener = TlsListener::new(listener, server);
    /// anyrt::move_on_after(Duration::from_millis(100), listener.accept()).await;
    /// assert_eq!(listener.failed_handshakes(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn failed_handshakes(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Returns the inner listener.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::TcpListener;
    /// use anyrt::tls::{TlsListener, TlsServerConfig};
    ///
    /// # anyrt::run(async {
    /// # let made = rcgen::generate_simple_self_signed(["host.example".to_owned()])?;
    /// # let chain = anyrt::tls::certificates_from_pem(made.cert.pem())?;
    /// # let key = anyrt::tls::private_key_from_pem(made.signing_key.serialize_pem())?;
    /// let server = TlsServerConfig::new(chain, key)?;
    /// let listener = TlsListener::new(TcpListener::bind(([127, 0, 0, 1], 0))?, server);
    /// assert!(listener.listener().local_addr()?.ip().is_loopback());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
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

    /// Accepts a stream whose handshake is complete, in the order of completion.
    ///
    /// Several tasks may wait; one of them polls the handshakes of all.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: if the future is dropped before completing, nothing was accepted, and
    /// handshakes in progress continue with the next call.
    ///
    /// # Errors
    ///
    /// Any error of the inner listener. A failed handshake is not an error here.
    async fn accept(&self) -> io::Result<Self::Stream> {
        let mut handshakes = self.handshakes.lock().await;
        let mut incoming = pin!(None);
        poll_fn(|cx| {
            loop {
                // Ends: each round accepts a connection, and their number is limited.
                // 1. Poll the handshakes: return the first stream, report failures.
                while let Poll::Ready(Some(outcome)) = handshakes.poll_next_unpin(cx) {
                    match outcome {
                        Ok(stream) => return Poll::Ready(Ok(stream)),
                        Err(error) => self.report(&error),
                    }
                }
                // 2. Accept one more connection, if there may be another handshake.
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
    fn provide(&self, demand: &mut Request<'_>) {
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
