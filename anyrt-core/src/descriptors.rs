//! Waiting for descriptors that something else reads and writes.

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

/// Waits until a descriptor can be read without blocking: there is data, the end, a connection to
/// accept, or an error to be told.
///
/// It is for descriptors that other code reads: a library in C, a device. If it is readable
/// already, this returns soon. Any number of tasks may wait for one descriptor, and it may be one
/// that the runtime knows already. Whether it blocks is left as it is.
///
/// On tokio an error alone is not told, such as a connected UDP socket has whose peer is not there;
/// what comes after it ends the wait.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
///
/// # Errors
///
/// - [Closed](crate::stream::is_closed) if [`notify_closing`] is called meanwhile.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) for regular files and directories, which Linux does
///   not wait for: they count as ready always.
/// - What the system says, or that there is no runtime.
pub fn wait_readable<R: Descriptors>(
    descriptor: impl AsFd + Send,
) -> impl Future<Output = io::Result<()>> + Send {
    wait::<R>(descriptor, Direction::Input)
}

/// Waits until a descriptor can be written without blocking: there is room, a connection has been
/// made, or there is an error to be told.
///
/// Apart from that it is as [`wait_readable`].
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
///
/// # Errors
///
/// As [`wait_readable`].
pub fn wait_writable<R: Descriptors>(
    descriptor: impl AsFd + Send,
) -> impl Future<Output = io::Result<()>> + Send {
    wait::<R>(descriptor, Direction::Output)
}

/// Says that a descriptor is about to be closed: whoever waits for it in this run, by
/// [`wait_readable`] or [`wait_writable`], gets an error that says
/// [closed](crate::stream::is_closed).
///
/// They cannot find out otherwise: what they wait for is a duplicate, which closing the
/// descriptor leaves open. Outside of a run it does nothing.
pub fn notify_closing(descriptor: impl AsFd) {
    if let Ok(waiting) = WAITING.get() {
        waiting.close(descriptor.as_fd().as_raw_fd());
    }
}

async fn wait<R: Descriptors>(
    descriptor: impl AsFd + Send,
    direction: Direction,
) -> io::Result<()> {
    begin().await;
    let waiter = Waiter::new(WAITING.get().ok(), descriptor.as_fd().as_raw_fd());
    // A duplicate, as a reactor takes each descriptor once, and owns it.
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

/// Asks the system, as reactors may report readiness that is over.
fn is_ready(descriptor: BorrowedFd<'_>, direction: Direction) -> io::Result<Attempt<()>> {
    let asked = match direction {
        Direction::Input => PollFlags::IN,
        Direction::Output => PollFlags::OUT,
    };
    let mut descriptors = [PollFd::from_borrowed_fd(descriptor, asked)];
    // Errors and ends of connections are reported without being asked for.
    match poll(&mut descriptors, Some(&Timespec::default()))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(Attempt::new(())),
    }
}

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

/// Who waits in a run.
#[derive(Default)]
struct Waiting(Mutex<BTreeMap<RawFd, Descriptor>>);

/// One descriptor that is waited for. When it is closed it leaves the list; its number may come
/// back as another one.
#[derive(Default)]
struct Descriptor {
    closing: Arc<Event>,
    waiters: usize,
}

impl Waiting {
    fn close(&self, descriptor: RawFd) {
        let closed = lock(&self.0).remove(&descriptor);
        if let Some(closed) = closed {
            closed.closing.set();
        }
    }
}

/// One who waits for a descriptor.
struct Waiter {
    /// None outside of a run, where nobody could tell.
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
        if !Arc::ptr_eq(&entry.closing, &self.closing) {
            return;
        }
        entry.waiters -= 1;
        if entry.waiters == 0 {
            // The event goes after the lock, with the waiter: nobody else has it.
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
        // The number comes back; who waited for the old descriptor is no concern of the new one's.
        let third = waiter();
        drop(second);
        assert!(!third.closing.is_set());
        assert_eq!(lock(&waiting.0).len(), 1);
        drop(third);
        assert!(lock(&waiting.0).is_empty());
    }
}
