use std::fmt;

use super::line::{Line, Resource};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::const_fn;
use crate::task::Wait;

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
    /// What the line says, for those who look without the lock.
    set: AtomicBool,
    line: Line<Happened>,
}

struct Happened(bool);

impl Resource for Happened {
    type Ask = ();
    type Grant = ();

    fn admit(&mut self, (): &()) -> bool {
        self.0
    }

    fn collect(&mut self, (): &()) {}

    fn give_back(&mut self, (): &()) {}
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
                line: Line::new(Happened(false)),
            }
        }
    }

    /// Lets everybody through who waits, or will wait. Once it is set, this does nothing.
    pub fn set(&self) {
        if self.is_set() {
            return;
        }
        self.line.change(|happened| {
            happened.0 = true;
            // Pairs with `is_set`: who sees it sees what was done before.
            self.set.store(true, Ordering::Release);
        });
    }

    /// Whether it is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Waits until it is set.
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
            self.line.wait_on((), wait).await;
        }
    }

    /// Whether it is set and how many wait, at this moment.
    pub fn statistics(&self) -> EventStatistics {
        self.line.look(|happened, waiting| EventStatistics {
            set: happened.0,
            waiting,
        })
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
