use std::fmt;

use super::line::{Line, Resource};
use crate::engine::Wait;
use crate::loom::const_fn;

/// Lets a number of tasks go on together, once all of them have arrived.
///
/// It can be used again and again: who arrives after that waits for the next round.
///
/// # Examples
///
/// ```
/// use anyrt_core::sync::Barrier;
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
    line: Line<Round>,
}

struct Round {
    size: usize,
    /// How many may pass; zero outside the lock.
    open: usize,
}

impl Resource for Round {
    type Ask = ();
    /// Whether it is the last to arrive.
    type Grant = bool;

    fn admit(&mut self, (): &()) -> bool {
        let passes = self.open > 0;
        self.open = self.open.saturating_sub(1);
        passes
    }

    fn collect(&mut self, (): &()) -> bool {
        false
    }

    /// The others have passed: there is nothing to give back.
    fn give_back(&mut self, (): &()) {}

    fn enter(&mut self, (): &(), waiting: usize) -> Option<bool> {
        let last = waiting + 1 >= self.size;
        last.then(|| {
            self.open = waiting;
            true
        })
    }
}

/// What is known about a [`Barrier`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BarrierStatistics {
    /// How many go on together.
    pub size: usize,
    /// How many have arrived and wait.
    pub waiting: usize,
}

impl Barrier {
    const_fn! {
        /// A barrier for so many tasks; for none, and for one, it is always open.
        pub const fn new(size: usize) -> Barrier {
            Barrier {
                line: Line::new(Round { size, open: 0 }),
            }
        }
    }

    /// Waits until all have arrived. Gives true to the last one, and to no other.
    ///
    /// Its first poll may leave it without a place in the queue: see
    /// [polling by hand](super#polling-by-hand).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: who goes away before all have arrived has not arrived.
    pub async fn wait(&self) -> bool {
        self.line.wait((), Wait::Barrier).await
    }

    /// How many have arrived, at this moment.
    pub fn statistics(&self) -> BarrierStatistics {
        self.line.look(|round, waiting| BarrierStatistics {
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
