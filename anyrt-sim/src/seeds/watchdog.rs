//! A thread that ends the process if a run stalls: a task blocks the thread of its simulation outside of anyrt, or
//! its poll never ends.
//!
//! No code of the simulation runs meanwhile, and a thread cannot be ended from outside. So the process is aborted,
//! after a message that names the seed and the task.

use std::io::{Write, stderr};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::executor::Polled;
use crate::lock::lock;
use crate::shared::Shared;

/// The runs that are watched.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
    /// Notified when there is nothing to watch any more.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    runs: Vec<Watched>,
    is_over: bool,
}

/// A run, and what was seen of it last.
#[derive(Debug)]
struct Watched {
    run: Weak<Shared>,
    steps: u64,
    /// The time since which the number of steps is the same.
    since: Instant,
}

impl Watch {
    /// Watches a run until it is dropped.
    pub(crate) fn add(&self, run: &Arc<Shared>) {
        let mut state = lock(&self.state);
        state.runs.retain(|watched| watched.run.strong_count() > 0);
        state.runs.push(Watched {
            run: Arc::downgrade(run),
            steps: 0,
            since: Instant::now(),
        });
    }

    /// Returns the description of a run that has made no step for so long.
    fn stalled(&self, limit: Duration) -> Option<(u64, String)> {
        let mut state = lock(&self.state);
        for watched in &mut state.runs {
            let Some(run) = watched.run.upgrade() else {
                continue;
            };
            let now = run.progress();
            if now.waits || now.steps != watched.steps {
                (watched.steps, watched.since) = (now.steps, Instant::now());
            } else if watched.since.elapsed() >= limit {
                return Some((run.config.seed, now.polled));
            }
        }
        None
    }

    /// Looks at the runs now and then, until there is nothing to watch any more.
    fn watch(&self, limit: Duration, test: Option<&str>) {
        // Ends with the guard.
        loop {
            let state = lock(&self.state);
            let (state, _) = self
                .ended
                .wait_timeout_while(state, limit / 8, |state| !state.is_over)
                .unwrap_or_else(PoisonError::into_inner);
            if state.is_over {
                return;
            }
            drop(state);
            if let Some((seed, polled)) = self.stalled(limit) {
                abort(limit, seed, &polled, test);
            }
        }
    }
}

/// Prints a message, and ends the process.
fn abort(limit: Duration, seed: u64, polled: &str, test: Option<&str>) -> ! {
    let test = test.map(|test| format!(" {test}")).unwrap_or_default();
    // Even if the stream is closed, the process is aborted.
    let _ = writeln!(
        stderr(),
        "seed {seed} stalls: {polled} has blocked the thread of the simulation for {limit:?} of real time; wait by \
         anyrt alone, since other tasks cannot run meanwhile, or do the work with `to_thread`\n\
         to repeat it, if the test uses `Seeds::from_env`:\n  ANYRT_SIM_SEED={seed} cargo test{test}\n\
         the process is aborted, since a thread cannot be ended from outside"
    );
    std::process::abort();
}

/// The watching thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watchdog {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Starts a thread that aborts the process if a run makes no step for so long. Without an end, there is none.
    pub(super) fn start(limit: Duration) -> Watchdog {
        let watch = Arc::new(Watch::default());
        let mut thread = None;
        if limit != Duration::MAX {
            let test = thread::current().name().map(str::to_owned);
            let test = test.filter(|name| name != "main");
            let watched = watch.clone();
            let spawned = thread::Builder::new()
                .name("anyrt-sim watchdog".to_owned())
                .spawn(move || watched.watch(limit, test.as_deref()));
            thread = Some(spawned.expect("the system starts a thread"));
        }
        Watchdog { watch, thread }
    }

    /// Returns the watch to which runs are added.
    pub(super) fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        lock(&self.watch.state).is_over = true;
        self.watch.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            drop(thread.join());
        }
    }
}

/// What a run does at the moment.
struct Progress {
    steps: u64,
    /// Whether it waits for threads, which it does for a limited time.
    waits: bool,
    /// What goes on in the present step.
    polled: String,
}

impl Shared {
    /// Returns what the run does at the moment. No lock is held while a task is polled.
    fn progress(&self) -> Progress {
        let state = self.lock();
        let polled = match state.polled {
            _ if state.ended => "a destructor at the end of the run".to_owned(),
            Polled::Main => "the main future".to_owned(),
            Polled::Host(host) => format!("the main future of host `{}`", state.hosts.name(host)),
            Polled::Task(id) => {
                let mut tasks = state.tasks.iter().map(|(_, task)| task);
                let task = tasks.find(|task| task.id == id);
                task.map_or_else(|| format!("task {id}"), |task| task.describe())
            }
            Polled::Thread => "a function on a thread".to_owned(),
        };
        Progress {
            steps: state.stats.steps,
            waits: state.waits() || matches!(state.polled, Polled::Thread),
            polled,
        }
    }
}
