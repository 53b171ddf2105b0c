//! The wait of an idle worker for a job: it spins, and then sleeps.

use std::time::Duration;

use super::job::Job;
use super::worker_state::WorkerState;
use super::{Workers, wake};
use crate::loom::atomic::Ordering;
use crate::loom::lock;
use crate::loom::thread;

/// The number of rounds that a worker spins before it sleeps: about 100 microseconds. On machines whose
/// processors sleep deeply, such as virtual machines, waking the caller, which then has the next job, takes
/// half of that.
const LOOKS: u32 = 300;

/// The duration of one sleep of an idle worker, and the number of sleeps before it returns to the runtime's
/// pool: a runtime with a paused clock does not advance it while functions run on its threads. The first
/// sleep may be cut short by a call that the worker has already handled.
const NAP: Duration = Duration::from_millis(100);
const NAPS: u32 = 2;

/// The exponent of the longest pause: a worker that has spun in vain repeatedly spins once in 2 to the power
/// of this many times.
const MOST_MISSES: u32 = 6;

impl Workers {
    /// Waits for a job while idle. Returns `None` if the worker has to end.
    pub(super) fn wait(&self, worker: &mut WorkerState) -> Option<Box<dyn Job>> {
        let (mut looked, mut naps) = (false, 0);
        // Ends with a job, or after `NAPS` limited sleeps without a call. A call that finds no job starts the
        // count again. If sleeps are not limited, it ends with a job or with the run.
        loop {
            let mut state = lock(&self.state);
            let pool = state.pool(worker.runtime);
            if let Some(job) = self.next(pool) {
                pool.leave_idle(worker);
                let waking = [pool.call(2), pool.call(2)];
                drop(state);
                waking.into_iter().for_each(wake);
                return Some(job);
            }
            // A called worker that finds its job done by another becomes idle again. A worker that was not
            // called for a long time returns to the pool.
            let was_called = !pool.is_idle(worker);
            if was_called || naps == NAPS {
                pool.leave_idle(worker);
                if !was_called || !state.go_idle(worker) {
                    return None;
                }
                naps = 0;
            }
            drop(state);
            if looked || !self.spin(worker) {
                naps += u32::from(worker.thread.park_timeout(NAP));
            }
            looked = true;
        }
    }

    /// Spins before sleeping, if that has succeeded lately. Returns whether there is a job.
    fn spin(&self, worker: &mut WorkerState) -> bool {
        if !worker.thread.may_spin() {
            return false;
        }
        if worker.pause > 0 {
            worker.pause -= 1;
            return false;
        }
        let look = self.looks.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let is_there = || self.jobs.load(Ordering::Relaxed) > 0;
        let is_last = || self.looks.load(Ordering::Relaxed) == look;
        let ended = thread::spin(LOOKS, || is_there() || !is_last());
        let found = is_there();
        if ended && !found {
            // It sleeps because another worker spins, so the result does not count.
            return false;
        }
        worker.misses = if found {
            0
        } else {
            MOST_MISSES.min(worker.misses + 1)
        };
        worker.pause = (1 << worker.misses) - 1;
        found
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Arc, Condvar, Mutex, mpsc};

    use super::*;
    use crate::runtime::{Park, with_park};

    /// A token under a lock. Counts how often the thread has parked.
    #[derive(Default)]
    struct Token {
        left: Mutex<bool>,
        came: Condvar,
        parked: AtomicUsize,
    }

    impl Park for Token {
        fn park(&self) {
            self.parked.fetch_add(1, Ordering::Relaxed);
            let left = self.left.lock().unwrap();
            *self.came.wait_while(left, |left| !*left).unwrap() = false;
        }

        fn unpark(&self) {
            *self.left.lock().unwrap() = true;
            self.came.notify_one();
        }
    }

    struct Report(mpsc::Sender<()>);

    impl Job for Report {
        fn work(&mut self) {
            self.0.send(()).unwrap();
        }

        fn deliver(&mut self) -> bool {
            true
        }

        fn discard(&mut self) {}
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test stands for a runtime")]
    fn a_worker_with_a_park_waits_by_it_until_the_run_ends() {
        let (workers, token) = (Arc::new(Workers::default()), Arc::new(Token::default()));
        let runtime = TypeId::of::<()>();
        let (idle, is_idle) = mpsc::channel();
        let thread = {
            let (workers, token) = (workers.clone(), token.clone());
            std::thread::spawn(move || {
                with_park(token, || {
                    let mut worker = WorkerState::new(runtime);
                    let mut done = 0;
                    assert!(workers.go_idle(&worker));
                    idle.send(()).unwrap();
                    while let Some(mut job) = workers.wait(&mut worker) {
                        job.work();
                        done += 1;
                        workers.go_idle(&worker);
                    }
                    done
                })
            })
        };
        is_idle.recv().unwrap();
        let (worked, has_worked) = mpsc::channel();
        for _ in 0..2 {
            // Until the worker is idle again, there is none for the job.
            let mut job: Box<dyn Job> = Box::new(Report(worked.clone()));
            while let Err(back) = workers.enqueue(runtime, job) {
                job = back;
                std::thread::yield_now();
            }
            has_worked.recv().unwrap();
        }
        workers.close();
        assert_eq!(thread.join().unwrap(), 2);
        // Each call wakes it at most once: it neither spins nor looks from time to time.
        assert!(token.parked.load(Ordering::Relaxed) <= 3);
        assert_eq!(workers.looks.load(Ordering::Relaxed), 0);
    }
}
