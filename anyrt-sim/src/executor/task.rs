//! A task of the executor.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Wake, Waker};

use anyrt_core::runtime::TaskInfo;

use super::{AtomicPriority, Next, push};
use crate::current::enter;
use crate::events::{Detail, EventKind};
use crate::host::Incarnation;
use crate::lock::lock;
use crate::shared::Shared;

pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A spawned task. It is its own waker.
pub(crate) struct Task {
    pub(crate) id: u64,
    /// The position in the state's list of tasks.
    key: usize,
    pub(crate) name: Option<Box<str>>,
    pub(crate) location: &'static Location<'static>,
    /// The priority, if the policy has priorities.
    pub(super) priority: AtomicPriority,
    /// `None` after its end. Locked while it is polled, by the executor alone.
    work: Mutex<Option<Work>>,
    /// Whether it is among those that are ready.
    scheduled: AtomicBool,
    pub(crate) host: Arc<Incarnation>,
}

/// What is polled, and the waker for that: made once, since each poll needs one. The cycle of references
/// ends with the task.
struct Work {
    future: BoxedTask,
    waker: Waker,
}

impl Shared {
    /// Starts a task on a host. Drops it if the run has ended or the host has crashed.
    pub(crate) fn spawn(&self, host: &Arc<Incarnation>, info: TaskInfo<'_>, future: BoxedTask) {
        let now = self.now();
        let mut state = self.lock();
        if state.ended || !host.is_alive() {
            // Two statements: what is dropped may call back.
            drop(state);
            drop(future);
            return;
        }
        let id = state.next_id();
        let priority = state.draw_priority();
        let entry = state.tasks.vacant_entry();
        let task = Arc::new(Task {
            id,
            key: entry.key(),
            name: info.name.map(Into::into),
            location: info.location,
            priority,
            work: Mutex::new(None),
            scheduled: AtomicBool::new(true),
            host: host.clone(),
        });
        let waker = Waker::from(task.clone());
        *task.work() = Some(Work { future, waker });
        entry.insert(task.clone());
        state.stats.spawned += 1;
        let label = || match info.name {
            Some(name) => Detail::Text(name.into()),
            None => Detail::Place(info.location),
        };
        state
            .events
            .record_with(now, EventKind::Spawn, host.host, id, label);
        drop(state);
        self.push(Next::Task(task));
    }
}

impl Task {
    /// Polls the task once.
    pub(crate) fn run(self: Arc<Task>) {
        // Before the poll, so that a wake-up during it counts.
        self.scheduled.store(false, Ordering::Relaxed);
        let _entered = enter(&self.host);
        let mut work = self.work();
        let Some(Work { future, waker }) = &mut *work else {
            return;
        };
        let polled = future.as_mut().poll(&mut Context::from_waker(waker));
        if polled.is_pending() {
            return;
        }
        let ended = work.take();
        drop(work);
        drop(ended);
        let shared = &self.host.shared;
        let now = shared.now();
        let mut state = shared.lock();
        let removed = state.tasks.try_remove(self.key);
        state
            .events
            .record(now, EventKind::End, self.host.host, self.id);
        drop(state);
        drop(removed);
    }

    /// Returns the name of the task, or else the place where it was spawned.
    pub(crate) fn describe(&self) -> String {
        match &self.name {
            Some(name) => format!("task `{name}`"),
            None => format!("the task that was spawned at {}", self.location),
        }
    }

    /// Drops the future, since the run is over or the host has crashed.
    pub(crate) fn abandon(&self) {
        let _entered = enter(&self.host);
        let work = self.work().take();
        drop(work);
    }

    fn work(&self) -> MutexGuard<'_, Option<Work>> {
        lock(&self.work)
    }
}

impl Wake for Task {
    // By reference it is the same, with a clone.
    fn wake(self: Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::Relaxed) {
            push(Next::Task(self));
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
