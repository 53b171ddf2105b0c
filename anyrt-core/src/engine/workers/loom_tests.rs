//! Models of the queue of a run's workers, with a caller and two workers. A job that is lost, or that waits
//! behind another without end, shows as a deadlock. Where there are two outcomes, both occur in some
//! execution.

use std::any::TypeId;

use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread::{self, JoinHandle};

use super::{Job, WorkerState};
use crate::engine::Workers;
use crate::loom::Arc;
use crate::models::Seen;

/// A job that calls a function.
struct Call<F>(F);

impl<F: FnMut() + Send> Job for Call<F> {
    fn work(&mut self) {
        (self.0)();
    }

    fn deliver(&mut self) -> bool {
        true
    }

    fn discard(&mut self) {}
}

/// A signal that one thread waits for.
struct Signal {
    given: AtomicBool,
    notify: Notify,
}

impl Signal {
    fn new() -> Arc<Signal> {
        Arc::new(Signal {
            given: AtomicBool::new(false),
            notify: Notify::new(),
        })
    }

    fn give(&self) {
        self.given.store(true, Ordering::SeqCst);
        self.notify.notify();
    }

    fn wait(&self) {
        // The model checker has spurious wake-ups.
        while !self.given.load(Ordering::SeqCst) {
            self.notify.wait();
        }
    }
}

fn runtime() -> TypeId {
    TypeId::of::<()>()
}

fn worker_state() -> WorkerState {
    WorkerState::new(runtime())
}

/// Hands a job over. A job without an idle worker is executed here, as by a new worker.
fn hand_over(workers: &Workers, f: impl FnMut() + Send + 'static) {
    if let Err(mut job) = workers.enqueue(runtime(), Box::new(Call(f))) {
        job.work();
    }
}

/// Executes jobs as a worker does, until it is sent away. Returns their number.
fn work(workers: &Workers) -> usize {
    let mut worker = worker_state();
    let mut done = 0;
    while let Some(mut job) = workers.wait(&mut worker) {
        job.work();
        done += 1;
        if !workers.go_idle(&worker) {
            break;
        }
    }
    done
}

fn worker(workers: &Arc<Workers>) -> JoinHandle<usize> {
    let workers = workers.clone();
    thread::spawn(move || work(&workers))
}

fn until_idle(workers: &Workers, number: usize) {
    while workers.idle() < number {
        thread::yield_now();
    }
}

/// Enqueues a job that blocks until the second is done: the second does not wait behind it.
#[test]
fn loom_no_job_waits_behind_one_that_blocks() {
    loom::model(|| {
        let workers = Arc::new(Workers::default());
        let both = [worker(&workers), worker(&workers)];
        until_idle(&workers, 2);
        let (second, all) = (Signal::new(), Signal::new());
        let (before, after) = (second.clone(), all.clone());
        hand_over(&workers, move || {
            before.wait();
            after.give();
        });
        hand_over(&workers, move || second.give());
        all.wait();
        workers.close();
        let done = both.map(|worker| worker.join().expect("no panic"));
        assert_eq!(done, [1, 1]);
    });
}

/// Ends the run while there are jobs in the queue: all are executed, by one worker or two.
#[test]
fn loom_the_end_leaves_no_job_in_the_queue() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let workers = Arc::new(Workers::default());
        let both = [worker(&workers), worker(&workers)];
        until_idle(&workers, 2);
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let done = done.clone();
            hand_over(&workers, move || {
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        workers.close();
        let shares = both.map(|worker| worker.join().expect("no panic"));
        assert_eq!(done.load(Ordering::SeqCst), 2);
        outcomes.note(shares == [1, 1]);
    });
    seen.both();
}

/// Races a worker that leaves, to run a destructor, with a new job: it leaves the job to the other, or
/// executes it if the other has one too.
#[test]
fn loom_a_worker_that_gets_up_leaves_no_job_behind() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    loom::model(move || {
        let workers = Arc::new(Workers::default());
        let stays = worker(&workers);
        until_idle(&workers, 1);
        let leaves = {
            let workers = workers.clone();
            thread::spawn(move || {
                let worker = worker_state();
                assert!(workers.go_idle(&worker));
                let job = workers.leave_idle(&worker);
                let had = job.is_some();
                if let Some(mut job) = job {
                    job.work();
                }
                had
            })
        };
        let done = Signal::new();
        let (first, second) = (done.clone(), Signal::new());
        let last = second.clone();
        hand_over(&workers, move || {
            second.wait();
            first.give();
        });
        hand_over(&workers, move || last.give());
        done.wait();
        outcomes.note(leaves.join().expect("no panic"));
        workers.close();
        stays.join().expect("no panic");
    });
    seen.both();
}
