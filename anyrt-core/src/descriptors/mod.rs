//! Waiting for the readiness of descriptors that other code reads and writes.
//!
//! A task that waits for a descriptor registers a duplicate, because a reactor owns its descriptors and
//! accepts each once. It checks readiness with `poll(2)`, because reactors may report past events. It is also
//! in a list, a run variable, for [`notify_closing`].

#[cfg(any(feature = "process", feature = "signals"))]
pub(crate) mod os;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::pin;
use std::task::Poll;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::context::RunVar;
use crate::engine::{Wait, deliver, poll_state};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Attempt, Descriptors, Direction, Source};
use crate::stream::ReceiveError;
use crate::sync::{Event, begin};

/// Waits until a descriptor can be read without blocking: there is data, the end, a connection to accept, or
/// an error.
///
/// For descriptors that other code reads, such as a library in C or a device. If the descriptor is already
/// readable, this returns soon. Any number of tasks may wait for one descriptor, and the runtime may already
/// use it. Its blocking mode is not changed.
///
/// tokio does not report an error alone, such as that of a connected UDP socket without a peer; the next
/// event ends the wait.
///
/// # Cancel safety
///
/// This function is cancel safe: it has no effect.
///
/// # Errors
///
/// - [Closed](crate::stream::is_closed) if [`notify_closing`] is called during the wait.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for regular files and directories, which Linux cannot wait
///   for: they always count as ready.
/// - The error of the operating system, or that there is no runtime.
pub fn wait_readable<R: Descriptors>(
    descriptor: impl AsFd + Send,
) -> impl Future<Output = io::Result<()>> + Send {
    wait::<R>(descriptor, Direction::Input)
}

/// Waits until a descriptor can be written without blocking: there is room, a connection is established, or
/// there is an error.
///
/// Otherwise it is like [`wait_readable`].
///
/// # Cancel safety
///
/// This function is cancel safe: it has no effect.
///
/// # Errors
///
/// As [`wait_readable`].
pub fn wait_writable<R: Descriptors>(
    descriptor: impl AsFd + Send,
) -> impl Future<Output = io::Result<()>> + Send {
    wait::<R>(descriptor, Direction::Output)
}

/// Announces that a descriptor is about to be closed: calls of [`wait_readable`] and [`wait_writable`] in
/// this run that wait for it return an error that is [closed](crate::stream::is_closed).
///
/// They cannot detect it otherwise: they wait for a duplicate, which stays open. Outside of a run this has no
/// effect.
///
/// # Examples
///
/// ```
/// use anyrt::descriptors::{notify_closing, wait_readable};
/// use anyrt::stream::is_closed;
///
/// # anyrt::run(async {
/// let (reader, _writer) = std::io::pipe().unwrap();
/// let close = async {
///     anyrt::testing::wait_all_tasks_blocked().await;
///     notify_closing(&reader);
/// };
/// let (waited, ()) = anyrt::gather((wait_readable(&reader), close)).await;
/// assert!(is_closed(&waited.unwrap_err()));
/// # });
/// ```
pub fn notify_closing(descriptor: impl AsFd) {
    if let Ok(waiting) = WAITING.get() {
        waiting.close(descriptor.as_fd().as_raw_fd());
    }
}

/// Waits for the readiness of a duplicate, or for `notify_closing`.
async fn wait<R: Descriptors>(
    descriptor: impl AsFd + Send,
    direction: Direction,
) -> io::Result<()> {
    begin().await;
    let waiter = Waiter::new(WAITING.get().ok(), descriptor.as_fd().as_raw_fd());
    // A duplicate, since a reactor accepts each descriptor once, and owns it.
    let duplicate = descriptor.as_fd().try_clone_to_owned()?;
    let source = R::Source::register(duplicate).map_err(explain)?;
    let mut closing = pin!(waiter.closing.wait());
    let outcome = poll_fn(|cx| {
        if closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(ReceiveError::Closed.into()));
        }
        let polled = source.poll_io(cx, direction, |descriptor| is_ready(descriptor, direction));
        if polled.is_pending() {
            poll_state::waits_for(Wait::Readiness);
        }
        polled
    });
    deliver(outcome.await).await
}

/// Checks readiness with a system call, since reactors may report readiness that no longer holds.
fn is_ready(descriptor: BorrowedFd<'_>, direction: Direction) -> io::Result<Attempt<()>> {
    let asked = match direction {
        Direction::Input => PollFlags::IN,
        Direction::Output => PollFlags::OUT,
    };
    let mut descriptors = [PollFd::from_borrowed_fd(descriptor, asked)];
    // The system reports errors and ends of connections in any case.
    match poll(&mut descriptors, Some(&Timespec::default()))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(Attempt::new(())),
    }
}

/// Adds the remedy to the error for descriptors that cannot be waited for.
fn explain(error: io::Error) -> io::Error {
    if Errno::from_io_error(&error) == Some(Errno::PERM) {
        return io::Error::new(
            io::ErrorKind::InvalidInput,
            "this descriptor cannot be waited for: if it is that of a file, which is ready always, \
             read and write it in a worker thread",
        );
    }
    error
}

static WAITING: RunVar<Arc<Waiting>> = RunVar::with_default(Arc::default);

/// The descriptors that tasks of a run wait for. The lock is held for single accesses only.
#[derive(Default)]
struct Waiting(Mutex<BTreeMap<RawFd, Descriptor>>);

/// One descriptor. When it is closed, its entry is removed, since its number may be reused for another
/// descriptor.
#[derive(Default)]
struct Descriptor {
    closing: Arc<Event>,
    waiters: usize,
}

impl Waiting {
    /// Removes a descriptor, and wakes its waiters after the unlock.
    fn close(&self, descriptor: RawFd) {
        let closed = lock(&self.0).remove(&descriptor);
        if let Some(closed) = closed {
            closed.closing.set();
        }
    }
}

/// One wait for a descriptor.
struct Waiter {
    /// `None` outside of a run, where `notify_closing` cannot find it.
    waiting: Option<Arc<Waiting>>,
    descriptor: RawFd,
    closing: Arc<Event>,
}

impl Waiter {
    fn new(waiting: Option<Arc<Waiting>>, descriptor: RawFd) -> Waiter {
        let closing = match &waiting {
            None => Arc::default(),
            Some(waiting) => {
                let mut list = lock(&waiting.0);
                let entry = list.entry(descriptor).or_default();
                entry.waiters += 1;
                entry.closing.clone()
            }
        };
        Waiter {
            waiting,
            descriptor,
            closing,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        let mut list = lock(&waiting.0);
        let Some(entry) = list.get_mut(&self.descriptor) else {
            return;
        };
        // The entry may belong to a new descriptor with the same number.
        if !Arc::ptr_eq(&entry.closing, &self.closing) {
            return;
        }
        entry.waiters -= 1;
        if entry.waiters == 0 {
            // The event is dropped after the unlock: this waiter has the last reference.
            list.remove(&self.descriptor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiters_leave_no_trace() {
        let waiting = Arc::new(Waiting::default());
        let waiter = || Waiter::new(Some(waiting.clone()), 3);
        let (first, second) = (waiter(), waiter());
        drop(first);
        waiting.close(3);
        assert!(second.closing.is_set());
        // The number is reused: a waiter for the old descriptor must not change the new entry.
        let third = waiter();
        drop(second);
        assert!(!third.closing.is_set());
        assert_eq!(lock(&waiting.0).len(), 1);
        drop(third);
        assert!(lock(&waiting.0).is_empty());
    }
}
