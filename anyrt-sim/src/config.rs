//! The options of a simulation.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::choices::Choices;
use crate::explore::{Explorer, FaultExplorer};
use crate::faults::Faults;
use crate::properties::Properties;
use crate::seeds::Watch;

/// The options of a simulation, and the backend that runs it.
///
/// [`run`](Config::run) simulates a future and returns what can be said of it. As an
/// [`Enter`](anyrt_core::runtime::Enter), a configuration is also a backend like any other, whose failures
/// are panics.
///
/// The defaults are frozen, since a seed names a run with them: [mixed](Policy::Mixed) order, a clock that moves
/// by itself, a microsecond for each step, packets that take 1 to 10 milliseconds, disks that take 10 to 100
/// microseconds and half a millisecond to 5 for a sync, no faults.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use anyrt::sim::Config;
///
/// let outcome = Config::new(7).run(async {
///     let start = anyrt::now();
///     anyrt::sleep(Duration::from_secs(86_400)).await;
///     anyrt::now() - start
/// });
/// let day = outcome.result.expect("nothing fails");
/// assert!(day >= Duration::from_secs(86_400));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration does nothing until something is run with it"]
pub struct Config {
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    pub(crate) poll_cost: Duration,
    pub(crate) idle: Idle,
    pub(crate) faults: Faults,
    /// The bytes per second of each link between hosts, in each direction.
    #[cfg(feature = "net")]
    pub(crate) bandwidth: Option<u64>,
    pub(crate) max_steps: u64,
    pub(crate) time_limit: Duration,
    pub(crate) keep_events: bool,
    pub(crate) keep_choices: bool,
    /// The file for the timeline.
    pub(crate) trace: Option<PathBuf>,
    /// The command that repeats the run, if it is that of a whole program.
    pub(crate) command: Option<String>,
    /// The record of `sometimes!`, if the run is one of several.
    pub(crate) properties: Option<Arc<Properties>>,
    /// The thread that looks for runs that stall, if the run is one of several.
    pub(crate) watch: Option<Arc<Watch>>,
    /// The explorer that the run belongs to, if one tries every place.
    pub(crate) explorer: Option<Arc<Explorer>>,
    /// The explorer of faults that the run belongs to.
    pub(crate) fault_explorer: Option<Arc<FaultExplorer>>,
    /// The faults that occur, instead of those that the seed decides.
    pub(crate) injected: Option<Choices>,
}

/// The order in which tasks that are ready are polled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a configuration has one, and is seldom moved"
)]
pub enum Policy {
    /// The task that has been ready for longest. No draw is made.
    Fifo,
    /// Any of them, by the seed.
    Random,
    /// [`Random`](Policy::Random) for even seeds. For odd seeds, priorities as of [`Pct`](Policy::Pct), with a depth
    /// and a number of steps that the seed decides, and random order after these steps. The default: many seeds
    /// find a fault sooner if only half of them have uniform order.
    Mixed,
    /// The task with the highest priority, which is random; each host's main future has one too. At `depth - 1` random
    /// steps, the running task gets the lowest one. Finds a fault that needs few changes of tasks with a known probability
    /// (probabilistic concurrency testing, Burckhardt et al. 2010).
    Pct {
        /// The number of constraints of the order that a fault needs; 2 or 3 is usual.
        depth: u32,
        /// The number of steps among which the changes are placed.
        steps: u64,
    },
    /// The order, and all other draws, of a list.
    Replay(Choices),
}

/// The way in which the clock moves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Clock {
    /// To the next deadline, when nothing else can go on. The default.
    Auto,
    /// By [`ClockHandle::advance`](crate::ClockHandle::advance) alone, apart from the cost of steps.
    Manual,
    /// As real time does, times this factor. Such a run is not repeatable.
    Scaled(f64),
}

/// What happens when nothing is ready and no timer is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Idle {
    /// The run fails with a report: in a closed world it is a deadlock. A wake-up from a thread outside of
    /// the simulation is a failure too. The default.
    Deadlock,
    /// Threads outside of the simulation may wake tasks: the run waits for that so long, in real time, before
    /// it fails. Such a run is not repeatable.
    Wait(Duration),
}

impl Default for Config {
    fn default() -> Config {
        Config::new(0)
    }
}

impl Config {
    /// Creates the default options with a seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let config = Config::new(7);
    /// let (first, second) = (config.run(async {}), config.run(async {}));
    /// assert_eq!(first.hash, second.hash, "one seed is one course of events");
    /// ```
    pub fn new(seed: u64) -> Config {
        Config {
            seed,
            policy: Policy::Mixed,
            clock: Clock::Auto,
            poll_cost: Duration::from_micros(1),
            idle: Idle::Deadlock,
            faults: Faults::calm(),
            #[cfg(feature = "net")]
            bandwidth: None,
            max_steps: u64::MAX,
            time_limit: Duration::MAX,
            keep_events: false,
            keep_choices: true,
            trace: None,
            command: None,
            properties: None,
            watch: None,
            explorer: None,
            fault_explorer: None,
            injected: None,
        }
    }

    /// Returns the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(anyrt::sim::Config::new(7).seed(), 7);
    /// ```
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Sets the seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Policy};
    ///
    /// let base = Config::new(0).policy(Policy::Random);
    /// for seed in 0..3 {
    ///     assert_eq!(base.clone().with_seed(seed).run(async {}).seed, seed);
    /// }
    /// ```
    pub fn with_seed(mut self, seed: u64) -> Config {
        self.seed = seed;
        self
    }

    /// Sets the order in which tasks are polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Policy};
    ///
    /// let in_order = Config::new(7).policy(Policy::Fifo);
    /// let outcome = in_order.run(anyrt::task_group(async |tg| {
    ///     tg.spawn(async {});
    /// }));
    /// assert!(outcome.unwrap().is_ok());
    /// ```
    pub fn policy(mut self, policy: Policy) -> Config {
        self.policy = policy;
        self
    }

    /// Sets the way in which the clock moves.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Clock, Config, Simulation};
    /// use std::time::Duration;
    ///
    /// let by_hand = Config::new(7).clock(Clock::Manual).poll_cost(Duration::ZERO);
    /// let outcome = by_hand.run(async {
    ///     let start = anyrt::now();
    ///     Simulation::current().unwrap().clock().advance(Duration::from_secs(60));
    ///     anyrt::now() - start
    /// });
    /// assert_eq!(outcome.unwrap(), Duration::from_secs(60));
    /// ```
    pub fn clock(mut self, clock: Clock) -> Config {
        self.clock = clock;
        self
    }

    /// Sets the virtual time that each step takes; a step is one poll of a task. With zero, times are exact,
    /// and a loop that is always ready meets no deadline: the run fails after a million such steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use std::time::Duration;
    ///
    /// let exact = Config::new(7).poll_cost(Duration::ZERO);
    /// let outcome = exact.run(anyrt::sleep(Duration::from_secs(60)));
    /// assert_eq!(outcome.stats.elapsed, Duration::from_secs(60));
    /// ```
    pub fn poll_cost(mut self, cost: Duration) -> Config {
        self.poll_cost = cost;
        self
    }

    /// Sets what happens when nothing is ready and no timer is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Idle};
    /// use std::time::Duration;
    ///
    /// let outcome = Config::new(7).idle(Idle::Wait(Duration::from_secs(10))).run(async {
    ///     let (sender, receiver) = anyrt::memory_object_stream(1);
    ///     // A thread outside of the simulation.
    ///     std::thread::spawn(move || sender.try_send("from outside").unwrap());
    ///     receiver.receive().await
    /// });
    /// assert_eq!(outcome.unwrap(), Ok("from outside"));
    /// ```
    pub fn idle(mut self, idle: Idle) -> Config {
        self.idle = idle;
        self
    }

    /// Sets how rough the world is.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Faults};
    ///
    /// let rough = Config::new(7).faults(Faults::rough());
    /// assert!(rough.run(async {}).result.is_ok());
    /// ```
    pub fn faults(mut self, faults: Faults) -> Config {
        self.faults = faults;
        self
    }

    /// Sets the time that a packet takes between hosts: at least the start of the range, and less than its
    /// end. A range without a length is exact.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let outcome = Config::new(7).latency(second..second).run(async {
    ///     let server = Simulation::current().unwrap().host("server").start(anyrt::sleep_forever);
    ///     let start = anyrt::now();
    ///     // There is no listener: the answer takes a second each way.
    ///     assert!(anyrt::net::connect_tcp("server", 80).await.is_err());
    ///     drop(server);
    ///     anyrt::now() - start
    /// });
    /// assert!(outcome.unwrap() >= 2 * second);
    /// ```
    pub fn latency(mut self, range: Range<Duration>) -> Config {
        self.faults.latency = range;
        self
    }

    /// Limits the bandwidth between any two hosts: each direction carries this number of bytes in a second. The
    /// default is no limit. [`NetHandle::limit_bandwidth`](crate::NetHandle::limit_bandwidth) limits one link.
    ///
    /// # Panics
    ///
    /// If the number is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::UdpSocket;
    /// use anyrt::sim::Config;
    ///
    /// let slow = Config::new(7).bandwidth(1000);
    /// let outcome = slow.run(async {
    ///     let socket = UdpSocket::bind(([127, 0, 0, 1], 0))?;
    ///     socket.send_to(b"within a host, there is no limit", socket.local_addr()?).await?;
    ///     socket.receive_from(100).await
    /// });
    /// assert!(outcome.unwrap().is_ok());
    /// ```
    #[cfg(feature = "net")]
    #[track_caller]
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Config {
        crate::net::check_bandwidth(bytes_per_second);
        self.bandwidth = Some(bytes_per_second);
        self
    }

    /// Sets the time that operations of a disk take, other than syncs: at least the start of the range, and less
    /// than its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use std::time::Duration;
    ///
    /// let millisecond = Duration::from_millis(1);
    /// let outcome = Config::new(7).disk_latency(millisecond..millisecond).run(async {
    ///     let start = anyrt::now();
    ///     anyrt::fs::write("/notes", "text").await?;
    ///     std::io::Result::Ok(anyrt::now() - start)
    /// });
    /// assert!(outcome.unwrap().unwrap() >= millisecond);
    /// ```
    pub fn disk_latency(mut self, range: Range<Duration>) -> Config {
        self.faults.disk_latency = range;
        self
    }

    /// Sets the time that syncs of a disk take.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let outcome = Config::new(7).sync_latency(second..second).run(async {
    ///     let mut file = anyrt::fs::File::create("/notes").await?;
    ///     let start = anyrt::now();
    ///     file.sync_all().await?;
    ///     std::io::Result::Ok(anyrt::now() - start)
    /// });
    /// assert!(outcome.unwrap().unwrap() >= second);
    /// ```
    pub fn sync_latency(mut self, range: Range<Duration>) -> Config {
        self.faults.sync_latency = range;
        self
    }

    /// Lets the run fail after this number of steps. The default is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Failure};
    ///
    /// let outcome = Config::new(7).max_steps(1000).run(async {
    ///     loop {
    ///         anyrt::checkpoint().await;
    ///     }
    /// });
    /// assert!(matches!(outcome.result, Err::<(), _>(Failure::StepLimit(_))));
    /// ```
    pub fn max_steps(mut self, steps: u64) -> Config {
        self.max_steps = steps;
        self
    }

    /// Lets the run fail when this much virtual time has passed. The default is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Failure};
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let outcome = Config::new(7).time_limit(hour).run(anyrt::sleep(2 * hour));
    /// assert!(matches!(outcome.result, Err(Failure::TimeLimit(_))));
    /// ```
    pub fn time_limit(mut self, limit: Duration) -> Config {
        self.time_limit = limit;
        self
    }

    /// Keeps all events for [`Outcome::events`](crate::Outcome::events). Off by default: only the hash and
    /// the latest events are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    ///
    /// let outcome = Config::new(7).keep_events(true).run(anyrt::checkpoint());
    /// assert!(!outcome.events.is_empty());
    /// ```
    pub fn keep_events(mut self, keep: bool) -> Config {
        self.keep_events = keep;
        self
    }

    /// Writes the [`Timeline`](crate::Timeline) of each run to a file, as a page for a browser, when the run has
    /// ended or failed, and the place of the file to the standard error stream. Off by default.
    ///
    /// If the path is that of a folder, or ends with a slash, the file is in it, and named after the test or program and
    /// the seed. For several runs with one configuration and seed, the file has the last one. [`Seeds`](crate::Seeds) writes that of a
    /// failure after it is shrunk; [`Shrink`](crate::Shrink), [`explore::cancel`](crate::explore::cancel),
    /// [`explore::faults`](crate::explore::faults()) and [`check_determinism`](Config::check_determinism) write none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anyrt::sim::Config;
    ///
    /// let path = std::env::temp_dir().join(format!("anyrt-trace-{}.html", std::process::id()));
    /// let outcome = Config::new(7).trace(&path).run(anyrt::sleep(Duration::from_secs(60)));
    /// assert!(outcome.result.is_ok());
    /// let page = std::fs::read_to_string(&path)?;
    /// assert!(page.contains("seed 7 passed"));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn trace(mut self, path: impl Into<PathBuf>) -> Config {
        self.trace = Some(path.into());
        self
    }

    /// Returns a configuration for one run among many, which writes no timeline,
    /// and is not the one of a program.
    pub(crate) fn without_trace(&self) -> Config {
        let mut config = self.clone();
        (config.trace, config.command) = (None, None);
        config
    }

    /// Keeps all draws for [`Outcome::choices`](crate::Outcome::choices). On by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Simulation};
    ///
    /// let outcome = Config::new(7).keep_choices(false).run(async {
    ///     Simulation::current().unwrap().choose(1000)
    /// });
    /// assert!(outcome.choices.is_empty());
    /// ```
    pub fn keep_choices(mut self, keep: bool) -> Config {
        self.keep_choices = keep;
        self
    }
}

/// Returns the options of a whole program that is simulated, for the facade: `trace` is the file for its timeline,
/// `command` repeats it.
#[doc(hidden)]
pub fn of_program(mut config: Config, trace: Option<PathBuf>, command: String) -> Config {
    config.trace = trace;
    config.command = Some(command);
    config
}
