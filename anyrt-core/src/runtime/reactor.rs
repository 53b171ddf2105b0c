//! The facet that waits for descriptors of the operating system.

use std::fmt;
use std::io;
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
#[cfg(windows)]
use std::os::windows::io::{BorrowedSocket as BorrowedFd, OwnedSocket as OwnedFd};
use std::task::{Context, Poll, ready};

use super::{ProgramHost, Runtime};
use crate::loom::Arc;

/// A descriptor of the operating system that is registered with a runtime's reactor.
///
/// Core waits for it. With the feature `net`, `OsSocket` builds sockets on it. On Windows, where reactors know
/// nothing else, it is a socket: in the methods, `OwnedSocket` takes the place of `OwnedFd`, and `BorrowedSocket`
/// that of `BorrowedFd`.
///
/// # Contract
///
/// 1. [`register`](Source::register) receives a descriptor that is non-blocking, or on which no attempt
///    blocks; it MUST NOT change that.
/// 2. [`poll_io`](Source::poll_io) MUST call `attempt` when the descriptor may be ready, and again
///    whenever `attempt` failed with [`WouldBlock`](io::ErrorKind::WouldBlock) and the descriptor has become
///    ready since. It MUST be pending in between, and return every other outcome.
/// 3. One task at a time waits for each direction. A later waker replaces an earlier one.
/// 4. A peer that has gone makes it ready in both directions.
/// 5. Dropping it MUST close the descriptor, [`into_descriptor`](Source::into_descriptor) MUST NOT.
///
/// # Common mistakes
///
/// - *Clearing readiness too soon.* If the system reports only changes of readiness, it may be cleared
///   after [`WouldBlock`](io::ErrorKind::WouldBlock) or if the attempt reports that it
///   [drained](Attempt::drained) the descriptor, and only if no event was reported since the readiness was
///   read.
pub trait Source: fmt::Debug + Send + Sync + Unpin + Sized + 'static {
    /// Registers a descriptor with the reactor of the runtime of this thread.
    ///
    /// # Errors
    ///
    /// The error of the operating system; without a runtime, [`NoRuntime`](crate::NoRuntime).
    fn register(descriptor: OwnedFd) -> io::Result<Self>;

    /// Returns the descriptor itself.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Removes the descriptor from the reactor, and returns it.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    fn into_descriptor(self) -> io::Result<OwnedFd>;

    /// Calls `attempt` on the descriptor as soon as that does not block.
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>>;
}

/// Implements [`Source::poll_io`] for a reactor that does not store readiness. Calls `poll_ready` only when
/// an attempt was not ready.
#[inline]
pub fn poll_attempts<T>(
    descriptor: BorrowedFd<'_>,
    mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    mut poll_ready: impl FnMut() -> Poll<io::Result<()>>,
) -> Poll<io::Result<T>> {
    // Ends with an outcome, or pending: `poll_ready` is ready only for an event since the last attempt.
    loop {
        match attempt(descriptor) {
            Ok(Attempt { value, .. }) => return Poll::Ready(Ok(value)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Poll::Ready(Err(error)),
        }
        ready!(poll_ready())?;
    }
}

/// A runtime that waits for descriptors of the operating system.
pub trait Descriptors: Runtime {
    /// A descriptor that is registered with the runtime's reactor.
    type Source: Source;

    /// Checks whether descriptors can be registered on this thread. Core calls it before it starts a program
    /// of the operating system, whose end and output it waits for by descriptors, and before it receives signals.
    ///
    /// The default allows it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the runtime of this thread waits for no descriptors: for a
    /// marker that represents several runtimes, one of them may be a simulation.
    fn check() -> io::Result<()> {
        Ok(())
    }

    /// Returns the host that runs programs in place of the operating system, on this thread.
    ///
    /// The default is `None`: programs are those of the operating system.
    #[inline]
    fn programs() -> Option<Arc<dyn ProgramHost>> {
        None
    }
}

/// A runtime all of whose sockets are descriptors that it waits for.
///
/// With the feature `net`, `OsSocket` implements `Net` for it.
pub trait OsSockets: Descriptors {}

/// The direction in which a descriptor becomes ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third direction")]
pub enum Direction {
    /// Receiving, and accepting.
    Input,
    /// Sending, and the end of connecting.
    Output,
}

/// The outcome of an attempt that did not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt<T> {
    /// The result.
    pub value: T,
    /// `true` if the next attempt would certainly block: a stream accepted fewer bytes than offered. A stream
    /// that *returned* fewer bytes does not imply that.
    pub drained: bool,
}

impl<T> Attempt<T> {
    /// Creates an outcome that makes no statement about the next attempt.
    pub fn new(value: T) -> Attempt<T> {
        Attempt {
            value,
            drained: false,
        }
    }

    /// Sets whether the next attempt would block.
    pub fn drained(self, drained: bool) -> Attempt<T> {
        Attempt { drained, ..self }
    }
}
