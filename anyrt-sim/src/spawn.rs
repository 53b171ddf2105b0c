//! Starting tasks in a simulation.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};

use crate::Sim;
use crate::choices::Purpose;
use crate::current::{current, with_current};
use crate::host::Incarnation;
use crate::shared::nanos;
use crate::stats::Stats;

/// A handle of a simulation, and of the host in it that the caller is on.
#[derive(Clone)]
pub struct Simulation(pub(crate) Arc<Incarnation>);

impl Simulation {
    /// Returns the simulation that this thread works for.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// assert!(Simulation::current().is_none());
    /// let outcome = Config::new(7).run(async { Simulation::current().is_some() });
    /// assert!(outcome.unwrap());
    /// ```
    pub fn current() -> Option<Simulation> {
        current().map(Simulation)
    }

    /// Returns the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     assert_eq!(sim.seed(), 7);
    /// }).unwrap();
    /// ```
    pub fn seed(&self) -> u64 {
        self.0.shared.config.seed()
    }

    /// Returns the clock of the simulation.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     let clock = Simulation::current().unwrap().clock();
    ///     assert!(clock.elapsed() >= Duration::from_secs(60));
    /// }).unwrap();
    /// ```
    pub fn clock(&self) -> ClockHandle {
        ClockHandle(self.0.clone())
    }

    /// Draws a number below `n`, for a choice of the program or of a test. 0 should be the dull alternative:
    /// a failure is shrunk towards it. With `n` below 2 it is zero, without a draw.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     // A test that works with any number of clients.
    ///     let clients = 1 + sim.choose(5);
    ///     assert!((1..=5).contains(&clients));
    /// }).unwrap();
    /// ```
    pub fn choose(&self, n: u64) -> u64 {
        self.0.shared.choose(self.0.host, Purpose::User, n)
    }

    /// Adds a note to the events, and to their hash.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(7).keep_events(true).run(async {
    ///     Simulation::current().unwrap().note("the leader is known");
    /// });
    /// assert!(outcome.events.iter().any(|event| event.text() == Some("the leader is known")));
    /// ```
    pub fn note(&self, note: impl fmt::Display) {
        let shared = &self.0.shared;
        // Foreign code: before the lock.
        let text = note.to_string();
        let now = shared.now();
        shared.lock().events.note(now, self.0.host, text);
    }

    /// Returns the hash of all events so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     let before = sim.hash();
    ///     sim.note("something happened");
    ///     assert_ne!(sim.hash(), before);
    /// }).unwrap();
    /// ```
    pub fn hash(&self) -> u64 {
        self.0.shared.lock().events.hash()
    }

    /// Returns what was counted so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// Config::new(7).run(async {
    ///     let sim = Simulation::current().unwrap();
    ///     anyrt::checkpoint().await;
    ///     assert!(sim.stats().steps > 0);
    /// }).unwrap();
    /// ```
    pub fn stats(&self) -> Stats {
        let shared = &self.0.shared;
        let state = shared.lock();
        let mut stats = state.stats;
        stats.draws = state.draws.count();
        stats.elapsed = Duration::from_nanos(shared.now());
        stats
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulation(seed {}, host {})", self.seed(), self.0.host)
    }
}

/// The clock of a simulation.
#[derive(Clone, Debug)]
pub struct ClockHandle(Arc<Incarnation>);

impl ClockHandle {
    /// Returns the virtual time since the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let clock = Simulation::current().unwrap().clock();
    ///     let before = clock.elapsed();
    ///     anyrt::sleep(Duration::from_secs(60)).await;
    ///     assert!(clock.elapsed() - before >= Duration::from_secs(60));
    /// }).unwrap();
    /// ```
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.shared.now())
    }

    /// Returns the virtual time since the start at which the next timer fires or the next packet arrives.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).run(async {
    ///     let clock = Simulation::current().unwrap().clock();
    ///     assert_eq!(clock.next_deadline(), None);
    ///     let group = anyrt::task_group(async |tg| {
    ///         tg.spawn(anyrt::sleep(Duration::from_secs(60)));
    ///         anyrt::testing::wait_all_tasks_blocked().await;
    ///         assert!(clock.next_deadline().is_some());
    ///         tg.cancel();
    ///     });
    ///     group.await.unwrap();
    /// }).unwrap();
    /// ```
    pub fn next_deadline(&self) -> Option<Duration> {
        let deadline = self.0.shared.lock().timers.next_deadline();
        deadline.map(Duration::from_nanos)
    }

    /// Moves the clock, and fires the timers that have expired in between, in order. Each sees the time of
    /// its own deadline, but no task runs before this returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Clock, Config, Simulation};
    /// use std::time::Duration;
    ///
    /// Config::new(7).clock(Clock::Manual).run(async {
    ///     let clock = Simulation::current().unwrap().clock();
    ///     let before = clock.elapsed();
    ///     clock.advance(Duration::from_secs(60));
    ///     assert_eq!(clock.elapsed() - before, Duration::from_secs(60));
    /// }).unwrap();
    /// ```
    pub fn advance(&self, by: Duration) {
        let shared = &self.0.shared;
        let end = shared.now().saturating_add(nanos(by));
        loop {
            let mut state = shared.lock();
            let next = state.timers.next_deadline();
            let Some(next) = next.filter(|&next| next <= end) else {
                break;
            };
            shared.set_now(next.max(shared.now()));
            drop(shared.expire(state));
        }
        shared.set_now(end);
    }
}

impl Spawn for Sim {
    type Handle = Simulation;

    fn current() -> Result<Simulation, NoRuntime> {
        Simulation::current().ok_or_else(|| {
            NoRuntime::new(
                "no simulation on this thread: call this inside a run of `anyrt_sim::Config`",
            )
        })
    }

    fn spawn<F>(handle: &Simulation, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        handle.0.shared.spawn(&handle.0, task, Box::pin(future));
    }

    #[inline]
    fn choose(n: usize) -> usize {
        with_current(|host| match host {
            Some(host) => host.shared.choose(host.host, Purpose::Core, n as u64) as usize,
            None => 0,
        })
    }

    fn yield_turn(waker: &Waker) {
        struct Restore(bool);
        impl Drop for Restore {
            fn drop(&mut self) {
                YIELDING.set(self.0);
            }
        }
        let _restore = Restore(YIELDING.replace(true));
        waker.wake_by_ref();
    }

    fn wake_yielding(waker: &Waker) {
        // Nothing is delayed, so that any waker will do.
        Sim::yield_turn(waker);
    }

    fn name(_handle: &Simulation) -> &'static str {
        "sim"
    }

    /// Returns the tag by which the facade recognises the tasks of a simulation, also of one that was not started
    /// by it.
    #[inline]
    fn tag(_handle: &Simulation) -> u8 {
        4
    }
}

thread_local! {
    /// Whether a task is being woken because it yields.
    static YIELDING: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether a task is being woken because it yields.
pub(crate) fn is_yielding() -> bool {
    YIELDING.get()
}
