//! Threads of the operating system of which one runs at a time.
//!
//! ```text
//!   executor ──resume──▶ thread runs ──park, relax or end──▶ executor
//!                            │
//!                            └─ the executor waits meanwhile
//! ```
//!
//! So a function that blocks is a part of the order that the seed decides. When the run ends, the threads
//! that are left run freely: what they wait for is gone, or comes from other such threads.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use anyrt_core::runtime::{Park, own_numbers, with_park};

use crate::executor::Next;
use crate::host::Incarnation;
use crate::lock::lock;

/// A thread that runs when the executor lets it.
pub(crate) struct SimThread {
    pub(crate) id: u64,
    pub(crate) host: Arc<Incarnation>,
    baton: Mutex<Baton>,
    /// Notified when the baton changes hands.
    passed: Condvar,
}

/// The real time after which a thread that neither parks nor ends is taken to be blocked.
const PATIENCE: Duration = Duration::from_secs(60);

/// The state of a thread.
#[derive(Debug, Default)]
struct Baton {
    /// Whether the thread may run; otherwise the executor does.
    runs: bool,
    parked: bool,
    /// Whether it was unparked since it last parked.
    token: bool,
    ended: bool,
    /// Whether the run is over: no thread waits for this one any more.
    free: bool,
}

thread_local! {
    /// This thread, if it runs a function that may block.
    static LENT: RefCell<Option<Arc<SimThread>>> = const { RefCell::new(None) };
}

/// Returns this thread, if it runs a function that may block.
fn lent() -> Option<Arc<SimThread>> {
    LENT.try_with(|lent| lent.borrow().clone()).ok().flatten()
}

/// Returns whether this thread runs a function that may block.
pub(crate) fn is_lent() -> bool {
    lent().is_some()
}

/// Lets so much virtual time pass on this thread, in nanoseconds, while others go on. Has no effect unless the
/// thread runs a function that may block.
pub(crate) fn sleep(time: u64) {
    if let Some(thread) = lent() {
        if time > 0 {
            thread.sleep(time);
        }
    }
}

impl SimThread {
    /// Starts a thread that waits for its first turn. Returns `None` if the run has ended.
    pub(crate) fn start(
        host: &Arc<Incarnation>,
        work: impl FnOnce() + Send + 'static,
    ) -> Option<Arc<SimThread>> {
        let thread = {
            let mut state = host.shared.lock();
            if state.ended {
                return None;
            }
            let thread = Arc::new(SimThread {
                id: state.next_id(),
                host: host.clone(),
                baton: Mutex::default(),
                passed: Condvar::new(),
            });
            state.threads.retain(|thread| thread.strong_count() > 0);
            state.threads.push(Arc::downgrade(&thread));
            thread
        };
        let own = thread.clone();
        let name = format!("anyrt-sim {}", thread.id);
        thread::Builder::new()
            .name(name)
            .spawn(move || own.run(work))
            .expect("the system starts a thread");
        Some(thread)
    }

    fn run(self: Arc<SimThread>, work: impl FnOnce()) {
        LENT.set(Some(self.clone()));
        self.wait_for_turn(self.lock());
        let numbers = own_numbers(self.host.shared.numbers.clone());
        with_park(Arc::new(Parker(self.clone())), work);
        drop(numbers);
        LENT.set(None);
        let mut baton = self.lock();
        baton.ended = true;
        baton.runs = false;
        drop(baton);
        self.passed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Baton> {
        lock(&self.baton)
    }

    fn wait<'a>(&self, baton: MutexGuard<'a, Baton>) -> MutexGuard<'a, Baton> {
        self.passed
            .wait(baton)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the turn to the executor, and waits for the next one.
    fn yield_turn(&self, mut baton: MutexGuard<'_, Baton>) {
        baton.runs = false;
        self.passed.notify_all();
        self.wait_for_turn(baton);
    }

    fn wait_for_turn(&self, mut baton: MutexGuard<'_, Baton>) {
        while !baton.runs && !baton.free {
            baton = self.wait(baton);
        }
    }

    /// Lets the thread run until it parks or ends. Called by the executor. Returns false if it has done neither
    /// for so long, in real time, that it seems to wait for what cannot happen meanwhile.
    pub(crate) fn resume(&self) -> bool {
        let mut baton = self.lock();
        if baton.ended || baton.free {
            return true;
        }
        baton.runs = true;
        baton.parked = false;
        self.passed.notify_all();
        let running = |baton: &mut Baton| baton.runs && !baton.free;
        let (_baton, timeout) = self
            .passed
            .wait_timeout_while(baton, PATIENCE, running)
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }

    /// Lets the thread run freely, since the run is over.
    pub(crate) fn release(&self) {
        self.lock().free = true;
        self.passed.notify_all();
    }
}

/// The way in which a thread waits.
struct Parker(Arc<SimThread>);

impl Park for Parker {
    fn park(&self) {
        self.0.park();
    }

    fn unpark(&self) {
        self.0.unpark();
    }

    fn relax(&self) {
        self.0.relax();
    }
}

impl SimThread {
    fn park(&self) {
        let mut baton = self.lock();
        if !baton.token && !baton.free {
            baton.parked = true;
            self.yield_turn(baton);
            baton = self.lock();
            baton.parked = false;
        }
        // When the run is over, no turn comes any more, and the token alone ends the wait.
        while baton.free && !baton.token {
            baton = self.wait(baton);
        }
        baton.token = false;
    }

    fn unpark(self: &Arc<Self>) {
        let mut baton = self.lock();
        baton.token = true;
        let was_parked = mem::take(&mut baton.parked);
        let is_free = baton.free;
        drop(baton);
        if is_free {
            self.passed.notify_all();
        } else if was_parked {
            self.host.shared.push(Next::Thread(self.clone()));
        }
    }

    fn relax(self: &Arc<Self>) {
        if self.lock().free {
            return;
        }
        self.host.shared.push_yielded(Next::Thread(self.clone()));
        self.yield_turn(self.lock());
    }
}

impl SimThread {
    /// Lets time pass. The token of [`Park`] is not involved: others may leave it meanwhile.
    fn sleep(self: &Arc<Self>, time: u64) {
        let shared = &self.host.shared;
        let mut state = shared.lock();
        // When the run is over, time has ended.
        if state.ended {
            return;
        }
        let deadline = shared.now().saturating_add(time);
        let waker = Waker::from(Arc::new(Sleeper(self.clone())));
        state.timers.insert(deadline, waker);
        drop(state);
        self.yield_turn(self.lock());
    }
}

/// A thread that sleeps: waking it gives it a turn.
struct Sleeper(Arc<SimThread>);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        let thread = self.0.clone();
        thread.host.shared.clone().push(Next::Thread(thread));
    }
}

impl fmt::Debug for SimThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimThread")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
