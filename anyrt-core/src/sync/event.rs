//! [`Event`]: an atomic flag, and a queue of the tasks that wait for it.
//!
//! Used by tasks directly, by [`Promise`](super::Promise), and by other modules of core through
//! [`Event::wait_as`].
//!
//! ```text
//!   Waiter:   unqueued ──join──▶ queued (key) ──set──▶ detached ──poll──▶ done
//!             (no key)              └──────drop──▶ removed
//! ```
//!
//! The flag changes once, from false to true, under the lock of the queue. `set` takes the whole queue out in
//! that critical section. So under the lock there are two cases: the flag is clear and every key is valid, or
//! the flag is set and no key is used any more.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::queue::Queue;
use crate::engine::{Wait, poll_state};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Mutex, const_fn, lock};
use crate::wake::poll_locked;

/// A one-time event that any number of tasks can wait for.
///
/// An event cannot be reset; create a new one for the next round.
///
/// # Examples
///
/// ```
/// use anyrt::sync::Event;
///
/// static READY: Event = Event::new();
///
/// assert!(!READY.is_set());
/// READY.set();
/// assert!(READY.is_set());
/// ```
pub struct Event {
    /// Written once, under the lock of the queue; read with or without that lock. A waiter that reads false
    /// under the lock joins the queue that `set` wakes later, so a wake-up cannot be lost.
    set: AtomicBool,
    /// Not a `FairQueue`: all waiters pass at once and nothing is granted. `set` replaces the queue, so the keys
    /// of its waiters are not used once the event is set.
    queue: Mutex<Queue<()>>,
}

/// A snapshot of the state of an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStatistics {
    /// Whether the event is set.
    pub set: bool,
    /// The number of waiting tasks.
    pub waiting: usize,
}

impl Event {
    const_fn! {
        /// Creates an event that is not set.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Event;
        ///
        /// static STOPPING: Event = Event::new();
        /// assert!(!STOPPING.is_set());
        /// ```
        pub const fn new() -> Event {
            Event {
                set: AtomicBool::new(false),
                queue: Mutex::new(Queue::new()),
            }
        }
    }

    /// Sets the event and wakes all waiting tasks. Later waits complete at once. Has no effect on an event
    /// that is already set.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Event;
    ///
    /// let stopping = Event::new();
    /// stopping.set();
    /// stopping.set(); // no effect
    /// assert!(stopping.is_set());
    /// ```
    pub fn set(&self) {
        if self.is_set() {
            return;
        }
        let mut queue = lock(&self.queue);
        // Release: pairs with the acquire in `is_set`. A task that sees the event set also sees everything
        // that happened before `set`.
        self.set.store(true, Ordering::Release);
        if queue.waiting() > 0 {
            // A second `set` that passed the check above finds an empty queue here. The wakers run foreign
            // code, so they are woken after the unlock.
            let waiting = std::mem::replace(&mut *queue, Queue::new());
            drop(queue);
            waiting.wake();
        }
    }

    /// Returns whether the event is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Event;
    ///
    /// let stopping = Event::new();
    /// assert!(!stopping.is_set());
    /// ```
    #[inline]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with the release in `set`.
        self.set.load(Ordering::Acquire)
    }

    /// Waits until the event is set.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: it has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Event;
    ///
    /// # anyrt::run(async {
    /// let (ready, stored) = (Event::new(), std::cell::Cell::new(0));
    /// let reader = async {
    ///     ready.wait().await;
    ///     stored.get()
    /// };
    /// let writer = async {
    ///     stored.set(5);
    ///     ready.set();
    /// };
    /// assert_eq!(anyrt::gather((reader, writer)).await, (5, ()));
    /// # });
    /// ```
    #[inline]
    pub async fn wait(&self) {
        self.wait_as(Wait::Event).await;
    }

    /// Waits until the event is set; task listings show `wait` as the reason.
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

    /// Returns whether the event is set, and the number of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Event;
    ///
    /// let statistics = Event::new().statistics();
    /// assert_eq!((statistics.set, statistics.waiting), (false, 0));
    /// ```
    pub fn statistics(&self) -> EventStatistics {
        let queue = lock(&self.queue);
        EventStatistics {
            set: self.is_set(),
            waiting: queue.waiting(),
        }
    }
}

/// A waiting task that found the event not set.
struct Waiter<'a> {
    event: &'a Event,
    /// The position in the queue; `None` until the first poll has joined it. Valid while the event is not
    /// set.
    key: Option<usize>,
    wait: Wait,
}

impl Future for Waiter<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let event = self.event;
        // 1. Fast path, without the lock.
        if event.is_set() {
            return Poll::Ready(());
        }
        // 2. Queued: check the flag again and update the waker, both under the lock. Not queued: join.
        let polled = match self.key {
            Some(key) => poll_locked(&event.queue, cx.waker(), |queue| {
                if event.is_set() {
                    return Ok(());
                }
                Err(queue.waker(key))
            }),
            None => self.join(cx.waker().clone()),
        };
        // 3. Record the reason of the wait for task listings.
        if polled.is_pending() {
            poll_state::waits_for(self.wait);
        }
        polled
    }
}

impl Waiter<'_> {
    /// Joins the queue, unless the event has been set since the check without the lock.
    fn join(&mut self, waker: Waker) -> Poll<()> {
        let mut queue = lock(&self.event.queue);
        if self.event.is_set() {
            // Unlocks before the waker is dropped, since its destructor must not run under the lock.
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
        // The queue of this key is gone, or is just being taken out by `set`. A late wake-up is harmless.
        if self.event.is_set() {
            return;
        }
        let mut queue = lock(&self.event.queue);
        // Checked again: `set` may have taken the queue out since, and then the key is invalid.
        let left = (!self.event.is_set()).then(|| queue.remove(key));
        // The waker is dropped after the unlock, since its destructor is foreign code.
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
