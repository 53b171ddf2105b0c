//! [`Barrier`]: a [`Resource`] of a [`FairQueue`] that is only available to all waiters at once.

use std::fmt;

use super::fair_queue::{FairQueue, Resource};
use crate::engine::Wait;
use crate::loom::const_fn;

/// A barrier: a number of tasks wait at it until all of them have arrived.
///
/// The barrier can be used again: later arrivals wait for the next round.
///
/// # Examples
///
/// ```
/// use anyrt::sync::Barrier;
///
/// static ROUND: Barrier = Barrier::new(3);
///
/// async fn player() {
///     for round in 0..10 {
///         // ...
///         let last = ROUND.wait().await;
///         if last {
///             println!("round {round} is over");
///         }
///     }
/// }
/// # drop(player());
/// ```
pub struct Barrier {
    /// The waiters in the queue are the tasks that have arrived; there is no other state.
    queue: FairQueue<Round>,
}

struct Round {
    size: usize,
    /// The number of waiters to let pass. Zero whenever the lock of the queue is free: the last arrival sets
    /// it and the queue is served in the same critical section.
    open: usize,
}

impl Resource for Round {
    type Ask = ();
    /// True for the last arrival.
    type Grant = bool;

    fn admit(&mut self, (): &()) -> bool {
        let passes = self.open > 0;
        // Each waiter uses up one opening, so exactly those of this round pass.
        self.open = self.open.saturating_sub(1);
        passes
    }

    fn collect(&mut self, (): &()) -> bool {
        false
    }

    /// Does nothing: the other tasks have already passed.
    fn give_back(&mut self, (): &()) {}

    /// Lets the last arrival through, and with it all waiters.
    fn enter(&mut self, (): &(), waiting: usize) -> Option<bool> {
        let last = waiting + 1 >= self.size;
        last.then(|| {
            // The queue serves the queue before it unlocks (`try_enter`), so no task can join it in between,
            // and all waiters of the round pass.
            self.open = waiting;
            true
        })
    }
}

/// A snapshot of the state of a [`Barrier`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BarrierStatistics {
    /// The number of tasks in a round.
    pub size: usize,
    /// The number of tasks that have arrived and wait.
    pub waiting: usize,
}

impl Barrier {
    const_fn! {
        /// Creates a barrier for this number of tasks. With zero or one, it is always open.
        ///
        /// # Examples
        ///
        /// ```
        /// use anyrt::sync::Barrier;
        ///
        /// static START: Barrier = Barrier::new(3);
        /// assert_eq!(START.statistics().size, 3);
        /// ```
        pub const fn new(size: usize) -> Barrier {
            Barrier {
                queue: FairQueue::new(Round { size, open: 0 }),
            }
        }
    }

    /// Waits until all tasks have arrived. Returns true to the last of them, and false to the others.
    ///
    /// The first poll may leave the future outside the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: a task that is cancelled before all have arrived does not count as
    /// arrived.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Barrier;
    ///
    /// # anyrt::run(async {
    /// let barrier = Barrier::new(2);
    /// let (first, second) = anyrt::gather((barrier.wait(), barrier.wait())).await;
    /// assert!(first != second, "one of them is the last to arrive");
    /// # });
    /// ```
    pub async fn wait(&self) -> bool {
        self.queue.wait((), Wait::Barrier).await
    }

    /// Returns the size of the barrier and the number of waiting tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sync::Barrier;
    ///
    /// let statistics = Barrier::new(3).statistics();
    /// assert_eq!((statistics.size, statistics.waiting), (3, 0));
    /// ```
    pub fn statistics(&self) -> BarrierStatistics {
        self.queue.look(|round, waiting| BarrierStatistics {
            size: round.size,
            waiting,
        })
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BarrierStatistics { size, waiting } = self.statistics();
        f.debug_struct("Barrier")
            .field("size", &size)
            .field("waiting", &waiting)
            .finish()
    }
}
