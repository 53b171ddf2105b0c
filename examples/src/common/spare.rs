//! Descriptors in reserve, so that every client that is accepted can be connected.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::net::{ConnectError, LookupError, TcpConnector, TcpStream, interleave, lookup};
use anyrt::sync::Semaphore;

/// How long to wait until opening a descriptor is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// How many names are looked up at a time. Each takes a few descriptors for a moment.
const LOOKUPS: usize = 2;

/// How many descriptors have to be free besides the spare one.
const MARGIN: usize = 8;

/// A file that exists on all Unix systems.
const NOTHING: &str = "/dev/null";

/// Error numbers, the same on all Unix systems: the system has no descriptor left, or the process.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// Keeps a descriptor in reserve for each client that is accepted, for the outgoing connection.
///
/// If there is none, accepting fails for lack of descriptors, and clients wait in the backlog of the
/// listener.
///
/// Between closing the spare descriptor and opening a socket, another task may take the descriptor, and
/// looking up a name needs descriptors for a moment. So a few more have to be free before a client is
/// accepted, and few names are looked up at a time. If that is not enough, connecting is tried again,
/// and no client is accepted meanwhile.
#[derive(Debug)]
pub(crate) struct Reserve(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The number of clients that were accepted and lack a descriptor.
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
    /// If there is none, or if a client that was accepted lacks one.
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
    /// Connects with the descriptor that was in reserve. Looking up the name, and connecting, may take
    /// as long as `limit` each. If descriptors are lacking all the same, it waits for them without a
    /// limit.
    ///
    /// # Errors
    ///
    /// Those of `anyrt::net::connect_tcp`, apart from a lack of descriptors.
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
    /// Tries again for as long as there are too few descriptors.
    async fn with_descriptors<T, F>(&self, mut attempt: impl FnMut() -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut lacks = None;
        loop {
            match attempt().await {
                // Without a descriptor, the system may say that a name does not exist.
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

/// Fails if there are fewer free descriptors than there should be.
fn check_margin() -> io::Result<()> {
    let free: io::Result<Vec<File>> = (0..MARGIN).map(|_| File::open(NOTHING)).collect();
    free.map(drop)
}

/// Counts a client that lacks a descriptor, until it is dropped.
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

/// Returns whether an error of connecting is that no descriptor is left.
fn is_lack(error: &io::Error) -> bool {
    let lacks = |error: &io::Error| matches!(error.raw_os_error(), Some(ENFILE | EMFILE));
    let attempts = ConnectError::of(error).map_or(&[][..], ConnectError::attempts);
    LookupError::of(error).is_some_and(|error| lacks(error.error()))
        || attempts.iter().any(|attempt| lacks(&attempt.error))
        || lacks(error)
}
