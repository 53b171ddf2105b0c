//! Reserved descriptors, so that every accepted client can be connected.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::net::{ConnectError, LookupError, TcpConnector, TcpStream, interleave, lookup};
use anyrt::sync::Semaphore;

/// The time to wait before opening a descriptor is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// The number of names that are looked up at a time. Each needs a few descriptors for a moment.
const LOOKUPS: usize = 2;

/// The number of descriptors that must be free in addition to the spare one.
const MARGIN: usize = 8;

/// A file that exists on all Unix systems.
const NOTHING: &str = "/dev/null";

/// Error numbers, the same on all Unix systems: the system has no descriptor left, or the process.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// A reserve with one descriptor for each accepted client, for the outgoing connection.
///
/// If there is none, accepting fails for lack of descriptors, and clients wait in the backlog of the
/// listener.
///
/// Between closing the spare descriptor and opening a socket, another task may take the descriptor, and
/// looking up a name needs descriptors for a moment. So a few more must be free before a client is
/// accepted, and few names are looked up at a time. If that is not enough, connecting is tried again,
/// and no client is accepted meanwhile.
#[derive(Debug)]
pub(crate) struct Reserve(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The number of accepted clients that lack a descriptor.
    lacking: AtomicUsize,
    lookups: Semaphore,
}

/// A descriptor in reserve, until it is used or dropped.
#[derive(Debug)]
pub struct Spare {
    descriptor: File,
    shared: Arc<Shared>,
}

impl Reserve {
    pub(crate) fn new() -> Reserve {
        Reserve(Arc::new(Shared {
            lacking: AtomicUsize::new(0),
            lookups: Semaphore::new(LOOKUPS),
        }))
    }

    /// Opens a spare descriptor.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if an accepted client lacks one.
    pub(crate) fn spare(&self) -> io::Result<Spare> {
        if self.0.lacking.load(Ordering::Relaxed) > 0 {
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        let descriptor = File::open(NOTHING)?;
        check_margin()?;
        Ok(Spare {
            descriptor,
            shared: self.0.clone(),
        })
    }
}

impl Spare {
    /// Connects with the reserved descriptor. Looking up the name, and connecting, may take up to
    /// `limit` each. If there are still too few descriptors, it waits for them without a limit.
    ///
    /// # Errors
    ///
    /// Returns the errors of `anyrt::net::connect_tcp`, except for a lack of descriptors.
    pub async fn connect(self, host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
        let Spare { descriptor, shared } = self;
        let looking_up = async || {
            let _turn = shared.lookups.acquire().await;
            let found = anyrt::fail_after(limit, lookup(host, port));
            found.reason("looking up the name").await?
        };
        let addresses = interleave(shared.with_descriptors(looking_up).await?);
        drop(descriptor);
        let connector = TcpConnector::new();
        let connecting = async || {
            let connected = anyrt::fail_after(limit, connector.connect_addresses(&addresses));
            connected.reason("connecting").await?
        };
        shared.with_descriptors(connecting).await
    }
}

impl Shared {
    /// Repeats `attempt` while there are too few descriptors. The loop ends when other connections are
    /// closed.
    async fn with_descriptors<T, F>(&self, mut attempt: impl FnMut() -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut lacks = None;
        loop {
            match attempt().await {
                // Without a descriptor, the system may report that a name does not exist.
                Err(error)
                    if is_lack(&error)
                        || LookupError::of(&error).is_some() && check_margin().is_err() =>
                {
                    lacks.get_or_insert_with(|| Lacks::new(&self.lacking));
                    anyrt::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
}

/// Returns an error if there are fewer than [`MARGIN`] free descriptors.
fn check_margin() -> io::Result<()> {
    let free: io::Result<Vec<File>> = (0..MARGIN).map(|_| File::open(NOTHING)).collect();
    free.map(drop)
}

/// A guard that counts a client that lacks a descriptor.
struct Lacks<'a>(&'a AtomicUsize);

impl Lacks<'_> {
    fn new(lacking: &AtomicUsize) -> Lacks<'_> {
        lacking.fetch_add(1, Ordering::Relaxed);
        Lacks(lacking)
    }
}

impl Drop for Lacks<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns whether an error of connecting is a lack of descriptors.
fn is_lack(error: &io::Error) -> bool {
    let lacks = |error: &io::Error| matches!(error.raw_os_error(), Some(ENFILE | EMFILE));
    let attempts = ConnectError::of(error).map_or(&[][..], ConnectError::attempts);
    LookupError::of(error).is_some_and(|error| lacks(error.error()))
        || attempts.iter().any(|attempt| lacks(&attempt.error))
        || lacks(error)
}
