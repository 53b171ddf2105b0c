//! The worker threads of a run.
//!
//! A worker is a thread of the runtime's pool that does one job after another. When there is
//! nothing to do and not many are idle already, it takes a seat; whoever has a job next puts it
//! into the queue and sees to it that a worker is on its way there. The end of the run sends them
//! back to the pool.
//!
//! ```text
//!   job ──▶ work ──▶ sit ──▶ deliver ──▶ next job in the queue, or wait for one
//!             ▲       │ enough idle, or the run is over
//!             │       └────▶ deliver ──▶ back to the pool
//!             └── a new worker, where each that sits has a job in the queue already
//! ```
//!
//! 1. A worker sits down *before* it delivers: so a caller that has got its value finds the worker
//!    free, and calls one after another use one thread.
//! 2. There are never more jobs in the queue than workers on their way to it or on a seat: so each
//!    job has a worker of its own, even if none of the jobs ever ends. A worker that gets up for
//!    anything else leaves no job behind that it was counted for.
//! 3. While there is a job in the queue, a worker is on its way to it: it was called, and looks into
//!    the queue before it does anything else. One that finds several jobs takes the first, and calls
//!    others, two at a time, before it begins. So a caller with many jobs wakes one thread and not
//!    one for each, and jobs that are soon done are done by the few threads that are awake.
//! 4. The worker that sat down last looks around for a moment before it sleeps, if that has paid off
//!    lately: a caller who calls one after another has the next job ready in less time than it takes
//!    to wake a thread.
//! 5. While a worker sits, no destructor of the user's runs on it: the next job could wait for it.

use std::any::TypeId;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::engine::Run;
use crate::loom::atomic::{AtomicU32, Ordering};
use crate::loom::thread::{self, Thread};
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::Runtime;
use crate::unwind::Payload;

/// How many idle workers a run keeps of each runtime. More go back to the runtime's pool, which
/// ends them when they have been idle for long.
const KEPT: usize = 16;

/// How many times a worker looks around before it sleeps: some 100 microseconds. Where processors sleep
/// deeply, as in virtual machines, waking the caller, who then has the next job, takes half of that.
const LOOKS: u32 = 300;

/// How long an idle worker sleeps at a time, and how often, before it goes back to the runtime's pool: a
/// runtime whose clock is paused does not move it while functions run on its threads. The first time
/// may be cut short by a call that the worker has answered already.
const NAP: Duration = Duration::from_millis(100);
const NAPS: u32 = 2;

/// A worker that has looked around in vain again and again does so once in 2 to the power of this.
const MOST_MISSES: u32 = 6;

/// What a worker does for a call.
pub(crate) trait Job: Send {
    /// Does the work, and keeps what comes out.
    fn work(&mut self);

    /// Hands over what came out; false if nobody is left to take it. Drops nothing of the user's.
    fn deliver(&mut self) -> bool;

    /// Drops what nobody has taken, if there is anything.
    fn discard(&mut self);
}

/// The idle workers of a run.
#[derive(Default)]
pub(crate) struct Workers {
    state: Mutex<State>,
    /// How many jobs are in the queues: a hint, for those who look around without the lock.
    jobs: AtomicU32,
    /// Changes when a worker begins to look around; the one before does not any longer then.
    looks: AtomicU32,
}

#[derive(Default)]
struct State {
    /// Nearly always one.
    rooms: Vec<Room>,
    closed: bool,
}

/// The workers of one runtime, which is found on their threads, and the jobs that need it.
struct Room {
    runtime: TypeId,
    queue: VecDeque<Box<dyn Job>>,
    /// On a seat; the one that sat down last is called first.
    idle: Vec<Thread>,
    /// On their way to the queue.
    called: Vec<Thread>,
}

/// A worker, as it names itself.
pub(super) struct Seat {
    runtime: TypeId,
    thread: Thread,
    /// How often it has looked around in vain since it last found something.
    misses: u32,
    /// How many times it will not look around.
    pause: u32,
}

impl Seat {
    /// The worker that runs on this thread.
    pub(super) fn new(runtime: TypeId) -> Seat {
        Seat {
            runtime,
            thread: thread::current(),
            misses: 0,
            pause: 0,
        }
    }
}

impl State {
    fn room(&mut self, runtime: TypeId) -> &mut Room {
        let at = self.rooms.iter().position(|room| room.runtime == runtime);
        let at = at.unwrap_or_else(|| {
            self.rooms.push(Room {
                runtime,
                queue: VecDeque::new(),
                idle: Vec::new(),
                called: Vec::new(),
            });
            self.rooms.len() - 1
        });
        &mut self.rooms[at]
    }

    /// Puts the worker on a seat; false if it is not needed there.
    fn sit(&mut self, seat: &Seat) -> bool {
        let closed = self.closed;
        let room = self.room(seat.runtime);
        let sits = !closed && room.idle.len() < KEPT;
        if sits {
            room.idle.push(seat.thread.clone());
        }
        sits
    }
}

impl Room {
    /// Whether each job in the queue has a worker, and one is left.
    fn has_spare(&self) -> bool {
        self.queue.len() < self.idle.len() + self.called.len()
    }

    /// Whom to wake, so that one more is on the way to the queue; none if so many are, or as many
    /// as there are jobs.
    fn call(&mut self, most: usize) -> Option<Thread> {
        if self.called.len() >= self.queue.len().min(most) {
            return None;
        }
        let next = self.idle.pop()?;
        self.called.push(next.clone());
        Some(next)
    }

    fn is_idle(&self, seat: &Seat) -> bool {
        position(&self.idle, seat).is_some()
    }

    /// The worker is neither idle nor on its way any more.
    fn stand(&mut self, seat: &Seat) {
        for list in [&mut self.called, &mut self.idle] {
            if let Some(at) = position(list, seat) {
                list.remove(at);
            }
        }
    }
}

fn position(list: &[Thread], seat: &Seat) -> Option<usize> {
    list.iter()
        .rposition(|other| other.id() == seat.thread.id())
}

fn wake(called: Option<Thread>) {
    if let Some(thread) = called {
        thread.unpark();
    }
}

impl Workers {
    /// Gives the job to an idle worker, or to a new one.
    pub(crate) fn hand_over<R: Runtime>(run: &Arc<Run>, job: Box<dyn Job>) {
        if let Err(job) = run.workers.enqueue(TypeId::of::<R>(), job) {
            let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
            start_worker::<R>(&runtime, run, job);
        }
    }

    /// The same from any thread, with the runtime's handle.
    pub(crate) fn hand_over_from<R: Runtime>(
        runtime: &R::Handle,
        run: &Arc<Run>,
        job: Box<dyn Job>,
    ) {
        if let Err(job) = run.workers.enqueue(TypeId::of::<R>(), job) {
            start_worker::<R>(runtime, run, job);
        }
    }

    /// Gives the job back if it needs a new worker.
    pub(super) fn enqueue(&self, runtime: TypeId, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let mut state = lock(&self.state);
        let room = state.room(runtime);
        if !room.has_spare() {
            return Err(job);
        }
        room.queue.push_back(job);
        self.jobs.fetch_add(1, Ordering::Relaxed);
        let called = room.call(1);
        drop(state);
        wake(called);
        Ok(())
    }

    pub(super) fn sit(&self, seat: &Seat) -> bool {
        lock(&self.state).sit(seat)
    }

    /// Gets up. A job that is returned was meant for this worker.
    pub(super) fn stand(&self, seat: &Seat) -> Option<Box<dyn Job>> {
        let mut state = lock(&self.state);
        let room = state.room(seat.runtime);
        room.stand(seat);
        let left = room.queue.len() > room.idle.len() + room.called.len();
        let job = if left { self.next(room) } else { None };
        let called = room.call(1);
        drop(state);
        wake(called);
        job
    }

    fn next(&self, room: &mut Room) -> Option<Box<dyn Job>> {
        let job = room.queue.pop_front()?;
        self.jobs.fetch_sub(1, Ordering::Relaxed);
        Some(job)
    }

    /// Waits for a job, on a seat; none if the worker is to go.
    pub(super) fn wait(&self, seat: &mut Seat) -> Option<Box<dyn Job>> {
        let (mut looked, mut naps) = (false, 0);
        loop {
            let mut state = lock(&self.state);
            let room = state.room(seat.runtime);
            if let Some(job) = self.next(room) {
                room.stand(seat);
                let called = [room.call(2), room.call(2)];
                drop(state);
                called.into_iter().for_each(wake);
                return Some(job);
            }
            // One that was called, and found the job done by another, sits down again. One that
            // nobody has called for so long goes back to the pool.
            let was_called = !room.is_idle(seat);
            if was_called || naps == NAPS {
                room.stand(seat);
                if !was_called || !state.sit(seat) {
                    return None;
                }
                naps = 0;
            }
            drop(state);
            if looked || !self.look_around(seat) {
                thread::park_timeout(NAP);
                naps += 1;
            }
            looked = true;
        }
    }

    /// Looks for a job before sleeping, if that has paid off; whether there is one.
    fn look_around(&self, seat: &mut Seat) -> bool {
        if seat.pause > 0 {
            seat.pause -= 1;
            return false;
        }
        let look = self.looks.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let is_there = || self.jobs.load(Ordering::Relaxed) > 0;
        let is_last = || self.looks.load(Ordering::Relaxed) == look;
        let ended = thread::look_around(LOOKS, || is_there() || !is_last());
        let found = is_there();
        if ended && !found {
            // It sleeps because another looks: that says nothing about callers.
            return false;
        }
        seat.misses = if found {
            0
        } else {
            MOST_MISSES.min(seat.misses + 1)
        };
        seat.pause = (1 << seat.misses) - 1;
        found
    }

    /// The run is over: sends every idle worker back to the pool, and keeps none from now on. What
    /// is in the queue yet is done before.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let mut idle = Vec::new();
        for room in &mut state.rooms {
            idle.extend(room.idle.iter().cloned());
            room.called.append(&mut room.idle);
        }
        drop(state);
        for thread in idle {
            thread.unpark();
        }
    }

    /// How many are on a seat.
    pub(super) fn idle(&self) -> usize {
        lock(&self.state)
            .rooms
            .iter()
            .map(|room| room.idle.len())
            .sum()
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("idle", &self.idle())
            .finish()
    }
}

/// Does a job outside of every run: on a thread of the pool, which goes back there.
pub(crate) fn alone<R: Runtime>(runtime: &R::Handle, mut job: Box<dyn Job>) {
    start::<R>(runtime, move || {
        job.work();
        let delivered = deliver(&mut *job);
        clear_away(job, delivered, None);
    });
}

/// Whether somebody has what came out. A foreign waker may panic.
fn deliver(job: &mut dyn Job) -> Result<bool, Payload> {
    catch_unwind(AssertUnwindSafe(|| job.deliver()))
}

/// Drops what is left of a job, and reports what a waker did.
fn clear_away(mut job: Box<dyn Job>, delivered: Result<bool, Payload>, run: Option<&Run>) {
    if let Err(payload) = delivered {
        Run::unhandled_panic(run, payload);
    }
    job.discard();
}

fn start<R: Runtime>(runtime: &R::Handle, f: impl FnOnce() + Send + 'static) {
    // Nobody waits for the thread as such.
    drop(R::spawn_blocking(runtime, f));
}

fn start_worker<R: Runtime>(runtime: &R::Handle, run: &Arc<Run>, job: Box<dyn Job>) {
    let run = run.clone();
    start::<R>(runtime, move || worker::<R>(&run, job));
}

fn worker<R: Runtime>(run: &Arc<Run>, first: Box<dyn Job>) {
    let mut seat = Seat::new(TypeId::of::<R>());
    let mut next = Some(first);
    while let Some(mut job) = next {
        job.work();
        let mut sits = run.workers.sit(&seat);
        let delivered = deliver(&mut *job);
        if matches!(delivered, Ok(true)) {
            drop(job);
        } else {
            if sits && let Some(other) = run.workers.stand(&seat) {
                Workers::hand_over::<R>(run, other);
            }
            clear_away(job, delivered, Some(run));
            sits = run.workers.sit(&seat);
        }
        next = if sits {
            run.workers.wait(&mut seat)
        } else {
            None
        };
    }
}
