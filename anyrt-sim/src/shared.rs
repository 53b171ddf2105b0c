//! The state of a run, under one lock.
//!
//! No foreign code runs under the lock: wakers, futures and values are dropped or called after it is
//! released.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use crate::choices::{Draws, Purpose};
use crate::config::{Config, Idle, Policy};
use crate::current::is_inside;
use crate::events::{EventKind, Events};
use crate::executor::{Next, Order, Polled, Ready, Task};
use crate::failure::{Failure, Stop};
use crate::host::{HostId, Hosts, Requested};
use crate::lock::lock;
#[cfg(feature = "net")]
use crate::net::{Latency, Network};
#[cfg(all(feature = "process", unix))]
use crate::programs::Programs;
use crate::stats::Stats;
use crate::threads::SimThread;
use crate::timers::Timers;

/// A run.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// The time since the start, in nanoseconds. Written by the executor's thread, which runs one step at a
    /// time with everything else; relaxed, since the hand-over between threads orders it.
    clock: AtomicU64,
    state: Mutex<State>,
    /// Notified if the executor waits, when something was made ready by a thread outside.
    bell: Condvar,
    /// Whether hosts have to be started or crashed before the next step. Written under the lock; relaxed,
    /// since the executor's thread runs one step at a time with everything else.
    pub(crate) has_commands: AtomicBool,
    /// The virtual time that a step takes, and the most that may pass, in nanoseconds.
    pub(crate) poll_cost: u64,
    pub(crate) time_limit: u64,
    /// The real time of the start, for a clock that is scaled.
    pub(crate) started: std::time::Instant,
    /// The source of core's serial numbers.
    pub(crate) numbers: Arc<AtomicU64>,
    /// The programs that are registered.
    #[cfg(all(feature = "process", unix))]
    pub(crate) programs: Programs,
    #[cfg(feature = "net")]
    pub(crate) network: Mutex<Network>,
    /// Whether the network has rules, holds or limits of bandwidth. Written under its lock.
    #[cfg(feature = "net")]
    pub(crate) has_rules: AtomicBool,
    /// Whether bandwidth is limited somewhere. Written under the lock of the network.
    #[cfg(feature = "net")]
    pub(crate) is_limited: AtomicBool,
    /// The time that a packet takes between hosts.
    #[cfg(feature = "net")]
    pub(crate) latency: Latency,
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct State {
    /// Everything that can go on now.
    pub(crate) ready: Ready,
    pub(crate) tasks: Slab<Arc<Task>>,
    pub(crate) threads: Vec<Weak<SimThread>>,
    pub(crate) timers: Timers,
    pub(crate) draws: Draws,
    pub(crate) order: Order,
    pub(crate) events: Events,
    pub(crate) hosts: Hosts,
    /// What happens to hosts before the next step.
    pub(crate) commands: VecDeque<Requested>,
    pub(crate) stats: Stats,
    next_id: u64,
    /// The wakers of tasks that wait until nothing but time can go on.
    pub(crate) quiet: Vec<Waker>,
    /// Those of them that have been woken for that, and were not polled yet.
    pub(crate) quieted: Vec<Waker>,
    /// Whether the run has ended: nothing becomes ready any more.
    pub(crate) ended: bool,
    /// The failure that ends the run at the next step.
    pub(crate) stop: Option<Stop>,
    /// The failure that has ended the run.
    pub(crate) failure: Option<Failure>,
    /// Whether the executor waits for the bell: notifying is a system call even if no thread waits.
    waiting: bool,
    /// Memory for the wakers of expired timers, kept from one expiry to the next.
    due: Vec<Waker>,
    /// What goes on in the present step.
    pub(crate) polled: Polled,
    /// The number of steps since the clock moved, other than by the cost of steps.
    pub(crate) steps_in_place: u64,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Arc<Shared> {
        let replayed = match &config.policy {
            Policy::Replay(choices) => Some(choices.clone()),
            _ => None,
        };
        let mut draws = Draws::new(config.seed, replayed, config.keep_choices);
        if let Some(faults) = &config.injected {
            draws.inject(faults);
        }
        let order = Order::new(&config.policy, config.seed, &mut draws);
        Arc::new(Shared {
            config: config.clone(),
            clock: AtomicU64::new(0),
            state: Mutex::new(State {
                ready: Ready::default(),
                tasks: Slab::new(),
                threads: Vec::new(),
                timers: Timers::default(),
                draws,
                order,
                events: Events::new(config.keep_events || config.trace.is_some()),
                hosts: Hosts::default(),
                commands: VecDeque::new(),
                stats: Stats::default(),
                next_id: 0,
                quiet: Vec::new(),
                quieted: Vec::new(),
                ended: false,
                stop: None,
                failure: None,
                waiting: false,
                due: Vec::new(),
                polled: Polled::Main,
                steps_in_place: 0,
            }),
            bell: Condvar::new(),
            has_commands: AtomicBool::new(false),
            poll_cost: nanos(config.poll_cost),
            time_limit: nanos(config.time_limit),
            started: std::time::Instant::now(),
            numbers: Arc::new(AtomicU64::new(1)),
            #[cfg(all(feature = "process", unix))]
            programs: Programs::default(),
            #[cfg(feature = "net")]
            network: Mutex::default(),
            #[cfg(feature = "net")]
            has_rules: AtomicBool::new(config.bandwidth.is_some()),
            #[cfg(feature = "net")]
            is_limited: AtomicBool::new(config.bandwidth.is_some()),
            #[cfg(feature = "net")]
            latency: Latency::of(config),
        })
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves no state inconsistent, and ends the run.
        lock(&self.state)
    }

    /// Returns the time since the start, in nanoseconds.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, now: u64) {
        self.clock.store(now, Ordering::Relaxed);
    }

    /// Draws a number below `n`, for core or the program on a host, and records it.
    pub(crate) fn choose(&self, host: HostId, purpose: Purpose, n: u64) -> u64 {
        if n < 2 {
            return 0;
        }
        let now = self.now();
        let mut state = self.lock();
        let draw = state.draws.below(purpose, n);
        state.events.record(now, EventKind::Choose, host, draw);
        draw
    }

    /// Makes something ready. Has no effect if the run has ended.
    pub(crate) fn push(&self, next: Next) {
        self.push_as(next, false);
    }

    /// Makes something ready after everything that is ready now.
    pub(crate) fn push_yielded(&self, next: Next) {
        self.push_as(next, true);
    }

    fn push_as(&self, next: Next, has_yielded: bool) {
        let is_inside = is_inside(self);
        let mut state = self.lock();
        // Nothing goes on after the end of the run, or on a host that has crashed.
        if state.ended || !next.incarnation().is_alive() {
            // Two statements: what is dropped may call back.
            drop(state);
            drop(next);
            return;
        }
        if !is_inside && self.config.idle == Idle::Deadlock && state.stop.is_none() {
            state.stop = Some(Stop::foreign_wake());
        }
        state.ready.push(next, has_yielded);
        self.ring(state);
    }

    fn ring(&self, state: MutexGuard<'_, State>) {
        let waiting = state.waiting;
        drop(state);
        if waiting {
            self.bell.notify_one();
        }
    }

    /// Waits for a thread outside, at most so long in real time. Returns whether the time passed in vain.
    pub(crate) fn wait_outside<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        limit: Duration,
    ) -> (MutexGuard<'a, State>, bool) {
        state.waiting = true;
        let (mut state, timeout) = self
            .bell
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting = false;
        (state, timeout.timed_out())
    }

    /// Wakes the tasks whose timers have expired, and delivers the packets that have arrived.
    pub(crate) fn expire<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let mut due = mem::take(&mut state.due);
        state.timers.expire(self.now(), &mut due);
        drop(state);
        due.drain(..).for_each(Waker::wake);
        let mut state = self.lock();
        state.due = due;
        state
    }
}

impl State {
    pub(crate) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Returns whether the executor waits for threads outside.
    pub(crate) fn waits(&self) -> bool {
        self.waiting
    }

    /// Returns whether nothing is ready.
    pub(crate) fn is_idle(&self) -> bool {
        self.ready.is_empty()
    }
}

/// Converts to nanoseconds; what is too long is the longest time.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
