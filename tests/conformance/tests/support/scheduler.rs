//! One thread that polls tasks in the order in which they were woken.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::time::Instant;

use super::flaw::Flaw;
use super::timer;

pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scheduler>>> = const { RefCell::new(None) };
}

/// The state that everything in one `block_on` shares.
#[derive(Default)]
pub(crate) struct Scheduler {
    pub(crate) flaw: Flaw,
    state: Mutex<State>,
    /// Notified when there is something to do.
    bell: Condvar,
    spawned: AtomicU64,
}

/// The state of a [`Scheduler`]. No waker is woken and no future dropped under its lock.
#[derive(Default)]
struct State {
    /// Set when the main future is woken, and cleared before it is polled.
    main_is_ready: bool,
    /// The tasks that were woken, in order.
    ready: VecDeque<Arc<Task>>,
    /// The tasks that have not ended, by key.
    tasks: BTreeMap<u64, Arc<Task>>,
    /// The pending timers, by deadline; a key makes equal deadlines unique.
    timers: BTreeMap<(Instant, u64), Waker>,
    next_key: u64,
    /// Set when `block_on` returns: from then on, spawned futures are dropped and wake-ups are ignored.
    ended: bool,
}

struct Task {
    key: u64,
    /// `None` while it is being polled, and when it has ended.
    future: Mutex<Option<BoxedTask>>,
    /// Whether the task is in `ready`, so that it is queued only once. Cleared before the poll: a wake-up
    /// during the poll queues the task again.
    is_ready: AtomicBool,
    scheduler: Arc<Scheduler>,
    /// The number of wake-ups, for [`Flaw::LosesWakes`].
    wakes: AtomicU64,
}

/// Drives the main future, and everything that is spawned meanwhile.
pub(crate) fn block_on<M: Future>(flaw: Flaw, main: M) -> M::Output {
    let scheduler = Arc::new(Scheduler {
        flaw,
        ..Scheduler::default()
    });
    let _inside = Inside::enter(&scheduler);
    let _end = End(&scheduler);
    let waker = Waker::from(Arc::new(MainWaker(scheduler.clone())));
    let mut main = pin!(main);
    scheduler.lock().main_is_ready = true;
    loop {
        if std::mem::take(&mut scheduler.lock().main_is_ready) {
            if let Poll::Ready(output) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        // One round: tasks that are woken meanwhile wait for the next one.
        let round = std::mem::take(&mut scheduler.lock().ready);
        round.into_iter().for_each(|task| task.run());
        scheduler.fire_timers();
        scheduler.wait();
    }
}

impl Scheduler {
    pub(crate) fn current() -> Option<Arc<Scheduler>> {
        CURRENT.with_borrow(Clone::clone)
    }

    pub(crate) fn count_spawn(&self) -> u64 {
        self.spawned.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn spawn(self: &Arc<Self>, future: BoxedTask) {
        let mut state = self.lock();
        if state.ended {
            drop(state);
            drop(future);
            return;
        }
        state.next_key += 1;
        let task = Arc::new(Task {
            key: state.next_key,
            future: Mutex::new(Some(future)),
            is_ready: AtomicBool::new(true),
            scheduler: self.clone(),
            wakes: AtomicU64::new(0),
        });
        state.tasks.insert(task.key, task.clone());
        state.ready.push_back(task);
        self.bell.notify_one();
    }

    pub(crate) fn new_key(&self) -> u64 {
        let mut state = self.lock();
        state.next_key += 1;
        state.next_key
    }

    pub(crate) fn add_timer(&self, at: (Instant, u64), waker: &Waker) {
        let replaced = self.lock().timers.insert(at, waker.clone());
        drop(replaced);
    }

    pub(crate) fn remove_timer(&self, at: (Instant, u64)) {
        let removed = self.lock().timers.remove(&at);
        drop(removed);
    }

    fn fire_timers(&self) {
        let due = {
            let mut state = self.lock();
            if state.timers.is_empty() {
                return;
            }
            let later = state.timers.split_off(&(timer::now(), u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Sleeps until there is something to do.
    fn wait(&self) {
        let mut state = self.lock();
        // Ends when a task is woken or a timer is due. Every wake-up changes the state under this lock and then
        // notifies `bell`, so none is missed.
        while !state.main_is_ready && state.ready.is_empty() {
            let Some((next, _)) = state.timers.keys().next().copied() else {
                state = self.bell.wait(state).expect("no panic under this lock");
                continue;
            };
            let left = next - timer::now();
            if left.is_zero() {
                return;
            }
            state = self
                .bell
                .wait_timeout(state, left)
                .expect("no panic under this lock")
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheduler")
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        self.is_ready.store(false, Ordering::SeqCst);
        let Some(mut future) = self.future().take() else {
            return;
        };
        let waker = Waker::from(self.clone());
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            drop(future);
            self.scheduler.lock().tasks.remove(&self.key);
        } else {
            *self.future() = Some(future);
        }
    }

    fn future(&self) -> MutexGuard<'_, Option<BoxedTask>> {
        self.future.lock().expect("no panic under this lock")
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let wakes = self.wakes.fetch_add(1, Ordering::SeqCst);
        if self.scheduler.flaw == Flaw::LosesWakes && wakes % 3 == 2 {
            return;
        }
        if !self.is_ready.swap(true, Ordering::SeqCst) {
            let scheduler = self.scheduler.clone();
            let mut state = scheduler.lock();
            if !state.ended {
                state.ready.push_back(self);
                scheduler.bell.notify_one();
            }
        }
    }
}

struct MainWaker(Arc<Scheduler>);

impl Wake for MainWaker {
    fn wake(self: Arc<Self>) {
        self.0.lock().main_is_ready = true;
        self.0.bell.notify_one();
    }
}

/// A guard that makes a scheduler the current one of this thread, until it is dropped.
pub(crate) struct Inside(Option<Arc<Scheduler>>);

impl Inside {
    pub(crate) fn enter(scheduler: &Arc<Scheduler>) -> Inside {
        Inside(CURRENT.replace(Some(scheduler.clone())))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// A guard that drops all tasks that are left, when `block_on` returns.
struct End<'a>(&'a Arc<Scheduler>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let (tasks, rest) = {
            let mut state = self.0.lock();
            state.ended = true;
            let rest = (
                std::mem::take(&mut state.ready),
                std::mem::take(&mut state.timers),
            );
            (std::mem::take(&mut state.tasks), rest)
        };
        for task in tasks.into_values() {
            let future = task.future().take();
            drop(future);
        }
        drop(rest);
    }
}
