//! Descriptors in reserve, so that every client that is accepted can be connected.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt::net::ConnectError;

/// How long to wait until opening a descriptor is tried again.
const PAUSE: Duration = Duration::from_millis(100);

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
/// Between closing the spare descriptor and opening a socket, another task may take the descriptor:
/// the accepting one, or one that looks up a name. So a few more have to be free before a client is
/// accepted. If that is not enough, connecting is tried again, and no client is accepted meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    /// The number of clients that were accepted and lack a descriptor.
    lacking: Arc<AtomicUsize>,
}

/// A descriptor in reserve, until it is used or dropped.
#[derive(Debug)]
pub struct Spare {
    descriptor: File,
    lacking: Arc<AtomicUsize>,
}

impl Reserve {
    /// Opens a spare descriptor.
    ///
    /// # Errors
    ///
    /// If there is none, or if a client that was accepted lacks one.
    pub(crate) fn spare(&self) -> io::Result<Spare> {
        if self.lacking.load(Ordering::Relaxed) > 0 {
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        let descriptor = File::open(NOTHING)?;
        let free: io::Result<Vec<File>> = (0..MARGIN).map(|_| File::open(NOTHING)).collect();
        drop(free?);
        Ok(Spare {
            descriptor,
            lacking: self.lacking.clone(),
        })
    }
}

impl Spare {
    /// Connects with the descriptor that was in reserve. If another task has taken it, waits for the
    /// next one, without a limit.
    ///
    /// # Errors
    ///
    /// The errors of `connect`, apart from a lack of descriptors.
    pub async fn connect<T, F>(self, mut connect: impl FnMut() -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let Spare {
            descriptor,
            lacking,
        } = self;
        drop(descriptor);
        let mut lacks = None;
        loop {
            match connect().await {
                // Looking up a name reports a lack of descriptors as something else.
                Err(error) if is_lack(&error) || File::open(NOTHING).is_err() => {
                    lacks.get_or_insert_with(|| Lacks::new(&lacking));
                    anyrt::sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }
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
    lacks(error) || attempts.iter().any(|attempt| lacks(&attempt.error))
}
