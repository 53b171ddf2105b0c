use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use super::Runtime;

/// A descriptor of the operating system that is registered with a runtime's reactor.
///
/// Core waits for it; with the feature `net`, `OsSocket` makes sockets of it.
///
/// # Contract
///
/// 1. [`register`](Source::register) takes a descriptor that does not block, or that no attempt
///    blocks on; it MUST NOT change that.
/// 2. [`poll_io`](Source::poll_io) MUST call `attempt` when the descriptor may be ready, and again
///    whenever `attempt` failed with [`WouldBlock`](io::ErrorKind::WouldBlock) and it has
///    become ready since; it MUST be pending in between, and return every other outcome.
/// 3. One task at a time waits for each direction. A later waker replaces an earlier one.
/// 4. A peer that has gone makes it ready in both directions.
/// 5. Dropping it MUST close the descriptor, [`into_descriptor`](Source::into_descriptor) MUST NOT.
///
/// # Common mistakes
///
/// - *Forgetting readiness too soon.* Where the system reports changes of readiness only, it may be
///   forgotten after [`WouldBlock`](io::ErrorKind::WouldBlock) or where the attempt says that it
///   [drained](Attempt::drained) it, and only if nothing was reported since it was looked
///   at.
pub trait Source: fmt::Debug + Send + Sync + Unpin + Sized + 'static {
    /// Registers a descriptor with the reactor of the runtime of this thread.
    ///
    /// # Errors
    ///
    /// What the system says; where there is no runtime, [`NoRuntime`](crate::NoRuntime).
    fn register(descriptor: OwnedFd) -> io::Result<Self>;

    /// The descriptor itself.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Takes the descriptor from the reactor.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn into_descriptor(self) -> io::Result<OwnedFd>;

    /// Does something with the descriptor as soon as that does not block.
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>>;
}

/// [`Source::poll_io`] where the reactor remembers no readiness: it is asked, by `poll_ready`, only
/// when an attempt has found none.
#[inline]
pub fn poll_attempts<T>(
    descriptor: BorrowedFd<'_>,
    mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    mut poll_ready: impl FnMut() -> Poll<io::Result<()>>,
) -> Poll<io::Result<T>> {
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
///
/// With the feature `net` it has sockets, too: `Net` is implemented for it, by
/// `OsSocket`.
pub trait Descriptors: Runtime {
    /// A descriptor that is registered with the runtime's reactor.
    type Source: Source;
}

/// What a descriptor is to be ready for.
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
    /// What was asked for.
    pub value: T,
    /// Whether the next attempt would block, without doubt: a stream took less than it was asked to.
    /// That one *gave* less says nothing.
    pub drained: bool,
}

impl<T> Attempt<T> {
    /// Nothing is known of the next attempt.
    pub fn new(value: T) -> Attempt<T> {
        Attempt {
            value,
            drained: false,
        }
    }

    /// The same, knowing whether the next attempt would block.
    pub fn drained(self, drained: bool) -> Attempt<T> {
        Attempt { drained, ..self }
    }
}
