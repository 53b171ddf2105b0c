//! The executor: one step after another, on one thread.
//!
//! ```text
//!            ┌───────── next ─────────┐
//!   ready ──▶│ draw one of them       │──▶ step: poll a task, or let a thread go on
//!     ▲      ├────────────────────────┤          │
//!     │      │ none ready: quiet      │──▶ wake the tasks that wait for that
//!     │      │ none quiet: a deadline │──▶ move the clock, wake timers, deliver packets
//!     │      │ none at all            │──▶ wait for threads outside, or fail with a report
//!     │      └────────────────────────┘          │
//!     └──────────── wake-ups ◀────────────────────┘
//! ```

mod clock;
mod order;
mod ready;
mod task;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

pub(crate) use self::order::{AtomicPriority, Order};
pub(crate) use self::ready::Ready;
pub(crate) use self::task::Task;
use crate::current::{current, enter};
use crate::events::EventKind;
use crate::failure::Stop;
use crate::host::{HostId, HostMain, Incarnation, Mains};
use crate::shared::{Shared, State};
use crate::spawn::is_yielding;
use crate::threads::SimThread;

/// Something that can go on.
#[derive(Debug)]
pub(crate) enum Next {
    Main(Arc<MainWaker>),
    Host(Arc<HostMain>),
    Task(Arc<Task>),
    Thread(Arc<SimThread>),
}

/// What goes on in the present step, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    Main,
    Host(HostId),
    Task(u64),
    Thread,
}

impl Next {
    fn polled(&self) -> Polled {
        match self {
            Next::Main(_) => Polled::Main,
            Next::Host(main) => Polled::Host(main.incarnation.host),
            Next::Task(task) => Polled::Task(task.id),
            Next::Thread(_) => Polled::Thread,
        }
    }

    /// Returns the number by which events name it.
    fn id(&self) -> u64 {
        match self {
            Next::Main(_) => 0,
            Next::Host(main) => main.id,
            Next::Task(task) => task.id,
            Next::Thread(thread) => thread.id,
        }
    }

    /// Returns the incarnation of the host that it belongs to.
    pub(crate) fn incarnation(&self) -> &Arc<Incarnation> {
        match self {
            Next::Main(main) => &main.host,
            Next::Host(main) => &main.incarnation,
            Next::Task(task) => &task.host,
            Next::Thread(thread) => &thread.host,
        }
    }

    pub(crate) fn host(&self) -> HostId {
        self.incarnation().host
    }

    fn kind(&self) -> EventKind {
        match self {
            Next::Main(_) | Next::Host(_) | Next::Task(_) => EventKind::Poll,
            Next::Thread(_) => EventKind::Thread,
        }
    }
}

/// Drives the main future to its end.
///
/// # Panics
///
/// If the run cannot go on; the state has the failure.
pub(crate) fn drive<F: Future>(host: &Arc<Incarnation>, main: F) -> F::Output {
    let shared = &host.shared;
    let priority = {
        let mut state = shared.lock();
        state.hosts.set_up(host);
        state.draw_priority()
    };
    let _entered = enter(host);
    let _numbers = anyrt_core::runtime::own_numbers(shared.numbers.clone());
    let mains = Mains::default();
    let _end = End(shared, &mains);
    let mut main = pin!(main);
    let flag = Arc::new(MainWaker {
        host: host.clone(),
        priority,
        scheduled: AtomicBool::new(true),
    });
    let waker = Waker::from(flag.clone());
    shared.push(Next::Main(flag.clone()));
    loop {
        mains.obey(shared);
        if let Some(explorer) = &shared.config.explorer {
            explorer.before_step(shared.now());
        }
        match shared.next() {
            Next::Host(main) => mains.poll(&main),
            Next::Main(_) => {
                flag.scheduled.store(false, Ordering::Relaxed);
                if let Poll::Ready(output) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return output;
                }
            }
            Next::Task(task) => task.run(),
            Next::Thread(thread) => {
                if !thread.resume() {
                    shared.lock().stop = Some(Stop::blocked());
                }
            }
        }
    }
}

impl Shared {
    /// Returns what goes on next. Moves the clock if nothing can go on before a deadline.
    fn next(&self) -> Next {
        let mut state = self.lock();
        let mut waited = false;
        // Ends with something that is ready, or by a panic: each round without one moves the clock, waits for
        // a thread outside, or wakes tasks.
        loop {
            if let Some(stop) = state.stop.take() {
                self.fail(state, stop);
            }
            if !state.is_idle() {
                state = self.pay_for_step(state);
                if let Some(next) = self.pick(&mut state) {
                    return next;
                }
            }
            if !state.quiet.is_empty() {
                state = wake_quiet(self, state);
                continue;
            }
            (state, waited) = self.pass_time(state, waited);
        }
    }

    /// Takes one of those that are ready, by the policy.
    fn pick(&self, state: &mut State) -> Option<Next> {
        let now = self.now();
        let next = loop {
            let next = Order::pick(state)?;
            if let Some(next) = state.hosts.hold_back(next) {
                break next;
            }
        };
        state.stats.steps += 1;
        state.steps_in_place += 1;
        state.polled = next.polled();
        state
            .events
            .record(now, next.kind(), next.host(), next.id());
        Some(next)
    }

    /// Ends the run with a failure.
    fn fail(&self, state: MutexGuard<'_, State>, stop: Stop) -> ! {
        // The report reads core's tree of tasks, which has locks of its own.
        drop(state);
        let failure = stop.into_failure(self);
        let mut message = failure.to_string();
        if let (Some(command), None) = (&self.config.command, &self.config.trace) {
            message += &format!("\nto write its timeline:\n  ANYRT_SIM_TRACE=trace.html {command}");
        }
        self.lock().failure = Some(failure);
        std::panic::panic_any(message);
    }
}

/// Wakes the tasks that wait until nothing but time can go on.
fn wake_quiet<'a>(shared: &'a Shared, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let wakers = std::mem::take(&mut state.quiet);
    let stale = std::mem::replace(&mut state.quieted, wakers.clone());
    drop(state);
    drop(stale);
    wakers.into_iter().for_each(Waker::wake);
    shared.lock()
}

/// The waker of the main future.
#[derive(Debug)]
pub(crate) struct MainWaker {
    host: Arc<Incarnation>,
    /// The priority, if the policy has priorities.
    priority: AtomicPriority,
    /// Whether the future is among those that are ready.
    scheduled: AtomicBool,
}

impl Wake for MainWaker {
    // By reference it is the same, with a clone.
    fn wake(self: Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::Relaxed) {
            push(Next::Main(self));
        }
    }
}

/// Makes something ready that was woken: all wakers end here.
pub(crate) fn push(next: Next) {
    let shared = next.incarnation().shared.clone();
    if is_yielding() {
        shared.push_yielded(next);
    } else {
        shared.push(next);
    }
}

/// Ends the run when the executor is left: drops everything that is left.
struct End<'a>(&'a Arc<Shared>, &'a Mains);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let shared = self.0;
        let (tasks, ready, timers, wakers, threads, hosts) = {
            let mut state = shared.lock();
            state.ended = true;
            let now = shared.now();
            state.stats.elapsed = std::time::Duration::from_nanos(now);
            state.stats.draws = state.draws.count();
            let tasks: Vec<Arc<Task>> = std::mem::take(&mut state.tasks)
                .into_iter()
                .map(|(_, task)| task)
                .collect();
            let wakers = (
                std::mem::take(&mut state.quiet),
                std::mem::take(&mut state.quieted),
            );
            let threads = std::mem::take(&mut state.threads);
            (
                tasks,
                std::mem::take(&mut state.ready),
                state.timers.clear(),
                wakers,
                threads,
                state.hosts.take_all(),
            )
        };
        // Destructors may spawn, which has no effect any more, wake and open sockets.
        self.1.clear();
        for task in &tasks {
            task.abandon();
        }
        drop((tasks, ready, timers, wakers, hosts));
        #[cfg(feature = "net")]
        shared.clear_network();
        #[cfg(all(feature = "process", unix))]
        shared.programs.clear();
        for thread in threads {
            if let Some(thread) = thread.upgrade() {
                thread.release();
            }
        }
        debug_assert!(current().is_some(), "destructors find their run");
    }
}
