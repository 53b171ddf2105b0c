//! The idle workers of a run.

use std::any::Any;
use std::mem::replace;
use std::time::Duration;

use super::worker::Worker;
use crate::context::RunVar;
use crate::engine::Run;
use crate::error::NoRun;
use crate::instant::Instant;
use crate::loom::{Arc, Mutex, OnceLock, lock};
use crate::runtime::Descriptors;

/// The maximum time that a worker may be idle. It is ended by the first call afterwards.
const LONGEST_IDLE: Duration = Duration::from_secs(5 * 60);

/// The pool of a run. Its type depends on the runtime.
static POOL: RunVar<Arc<OnceLock<Arc<dyn Any + Send + Sync>>>> = RunVar::with_default(Arc::default);

/// The idle workers of a run.
pub(super) struct Pool<R: Descriptors> {
    idle: Mutex<Idle<Worker<R>>>,
}

impl<R: Descriptors> Pool<R> {
    /// Returns the pool of the current run.
    pub(super) fn of_run() -> Result<Arc<Pool<R>>, NoRun> {
        let run = Run::current().ok_or_else(NoRun::outside)?;
        let pool = POOL.get().map_err(|_| NoRun::outside())?;
        let pool = pool.get_or_init(|| {
            let idle = Mutex::new(Idle::Open(Vec::new()));
            let pool = Arc::new(Pool::<R> { idle });
            let closed = pool.clone();
            // Before the run waits for owed work, so that it also waits until the workers are reaped.
            run.at_end.add(move || closed.close());
            pool
        });
        // All calls of a run name its one runtime.
        pool.clone().downcast().map_err(|_| NoRun::outside())
    }

    /// Returns the worker that became idle last, and ends those that have been idle for too long.
    pub(super) fn take(&self) -> Option<Worker<R>> {
        let mut idle = lock(&self.idle);
        let expired = idle.expire(R::now());
        let found = idle.take();
        drop(idle);
        drop(expired);
        found
    }

    /// Keeps a worker for the next call. After the end of the run's main task, ends the worker instead.
    pub(super) fn put(&self, worker: Worker<R>) {
        let mut idle = lock(&self.idle);
        let refused = idle.put(R::now(), worker);
        drop(idle);
        drop(refused);
    }

    fn close(&self) {
        let idle = lock(&self.idle).close();
        drop(idle);
    }
}

/// The idle workers, with the times at which they became idle, the latest at the end.
enum Idle<W> {
    Open(Vec<(Instant, W)>),
    Closed,
}

impl<W> Idle<W> {
    fn take(&mut self) -> Option<W> {
        match self {
            Idle::Open(idle) => idle.pop().map(|(_, worker)| worker),
            Idle::Closed => None,
        }
    }

    fn put(&mut self, now: Instant, worker: W) -> Option<W> {
        match self {
            Idle::Open(idle) => {
                idle.push((now, worker));
                None
            }
            Idle::Closed => Some(worker),
        }
    }

    /// Removes the workers that have been idle for too long.
    fn expire(&mut self, now: Instant) -> Vec<(Instant, W)> {
        let Idle::Open(idle) = self else {
            return Vec::new();
        };
        let expired = idle.partition_point(|(since, _)| *since + LONGEST_IDLE <= now);
        idle.drain(..expired).collect()
    }

    fn close(&mut self) -> Vec<(Instant, W)> {
        match replace(self, Idle::Closed) {
            Idle::Open(idle) => idle,
            Idle::Closed => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn after(seconds: u64) -> Instant {
        Instant::after_anchor(Duration::from_secs(seconds))
    }

    /// Checks PR-11 and W16.
    #[test]
    fn what_is_idle_for_five_minutes_goes_when_another_call_comes() {
        let mut idle = Idle::Open(Vec::new());
        for (seconds, worker) in [(0, 'a'), (10, 'b'), (20, 'c')] {
            assert_eq!(idle.put(after(seconds), worker), None);
        }
        assert_eq!(idle.expire(after(299)), []);
        assert_eq!(idle.expire(after(310)), [(after(0), 'a'), (after(10), 'b')]);
        assert_eq!(idle.take(), Some('c'));
        assert_eq!(idle.take(), None);
    }

    /// Checks W12: the latest comes first.
    #[test]
    fn the_latest_comes_first() {
        let mut idle = Idle::Open(Vec::new());
        idle.put(after(0), 'a');
        idle.put(after(1), 'b');
        assert_eq!(idle.take(), Some('b'));
        assert_eq!(idle.take(), Some('a'));
    }

    /// Checks W16.
    #[test]
    fn a_closed_pool_keeps_nothing() {
        let mut idle = Idle::Open(Vec::new());
        idle.put(after(0), 'a');
        assert_eq!(idle.close(), [(after(0), 'a')]);
        assert_eq!(idle.put(after(1), 'b'), Some('b'));
        assert_eq!(idle.take(), None);
        assert_eq!(idle.close(), []);
    }
}
