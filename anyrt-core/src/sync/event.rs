use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::queue::Queue;
use crate::engine::{Wait, poll_state};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Mutex, const_fn, lock};
use crate::wake::poll_locked;

/// Something that happens once, and that any number of tasks can wait for.
///
/// It stays set; for the next round make another one.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::Event;
///
/// static READY: Event = Event::new();
///
/// assert!(!READY.is_set());
/// READY.set();
/// assert!(READY.is_set());
/// ```
pub struct Event {
    /// Set with the lock of the queue, and seen without it: who does not see it there is in the
    /// queue that is woken.
    set: AtomicBool,
    /// No turns are taken here, so this is no `Line`: all go on at once, and the queue is gone with
    /// them. Nobody uses a key of it once the event is set.
    queue: Mutex<Queue<()>>,
}

/// What is known about an [`Event`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStatistics {
    /// Whether it has happened.
    pub set: bool,
    /// How many wait for it.
    pub waiting: usize,
}

impl Event {
    const_fn! {
        /// An event that has not happened.
        pub const fn new() -> Event {
            Event {
                set: AtomicBool::new(false),
                queue: Mutex::new(Queue::new()),
            }
        }
    }

    /// Lets everybody through who waits, or will wait. Once it is set, this does nothing.
    pub fn set(&self) {
        if self.is_set() {
            return;
        }
        let mut queue = lock(&self.queue);
        // Pairs with `is_set`: who sees it sees what was done before.
        self.set.store(true, Ordering::Release);
        if queue.waiting() > 0 {
            let waiting = std::mem::replace(&mut *queue, Queue::new());
            drop(queue);
            waiting.wake();
        }
    }

    /// Whether it is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Waits until it is set.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it has no effect.
    #[inline]
    pub async fn wait(&self) {
        self.wait_as(Wait::Event).await;
    }

    /// The same, listed as a wait for something else.
    #[inline]
    pub(crate) async fn wait_as(&self, wait: Wait) {
        super::begin().await;
        if !self.is_set() {
            let waiter = Waiter {
                event: self,
                key: None,
                wait,
            };
            waiter.await;
        }
    }

    /// Whether it is set and how many wait, at this moment.
    pub fn statistics(&self) -> EventStatistics {
        let queue = lock(&self.queue);
        EventStatistics {
            set: self.is_set(),
            waiting: queue.waiting(),
        }
    }
}

/// One who waits, and found the event not set.
struct Waiter<'a> {
    event: &'a Event,
    /// Where it stands in the queue, as long as the event is not set.
    key: Option<usize>,
    wait: Wait,
}

impl Future for Waiter<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let event = self.event;
        if event.is_set() {
            return Poll::Ready(());
        }
        let polled = match self.key {
            Some(key) => poll_locked(&event.queue, cx.waker(), |queue| {
                if event.is_set() {
                    return Ok(());
                }
                Err(queue.waker(key))
            }),
            None => self.join(cx.waker().clone()),
        };
        if polled.is_pending() {
            poll_state::waits_for(self.wait);
        }
        polled
    }
}

impl Waiter<'_> {
    fn join(&mut self, waker: Waker) -> Poll<()> {
        let mut queue = lock(&self.event.queue);
        if self.event.is_set() {
            // Before the waker, whose destructor must not run under the lock.
            drop(queue);
            return Poll::Ready(());
        }
        self.key = Some(queue.push((), waker));
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        if self.event.is_set() {
            return;
        }
        let mut queue = lock(&self.event.queue);
        let left = (!self.event.is_set()).then(|| queue.remove(key));
        drop(queue);
        drop(left);
    }
}

impl Default for Event {
    fn default() -> Self {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EventStatistics { set, waiting } = self.statistics();
        f.debug_struct("Event")
            .field("set", &set)
            .field("waiting", &waiting)
            .finish()
    }
}
