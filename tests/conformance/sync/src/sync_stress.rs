//! Thousands of tasks on each primitive, cancelled and dropped at random: SY-01, SY-05.
//!
//! `ANYRT_STRESS_SEED` runs the cases from one seed, which a failure prints; `ANYRT_STRESS_TASKS` sets how
//! many tasks share the semaphore.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::runtime::Runtime;
use anyrt_core::sync::{
    Barrier, CapacityLimiter, Condition, Event, Mutex, Promise, RwLock, Semaphore,
};
use anyrt_core::task::{TaskHandle, task_group};

use crate::erased::{Backend, R};
use crate::harness::number;
use crate::random::{Random, seed_in_run};
use crate::support::{OnDrop, poll_once, run, until, yields};

/// The number of tasks on most primitives.
const TASKS: u64 = 2_000;
/// The default number of tasks on one semaphore.
const MANY: u64 = 10_000;

/// Runs `work` in `tasks` tasks, each with separate random numbers, and cancels about half of them alone,
/// at any time. Returns how many ended undisturbed.
async fn storm<R, F>(tasks: u64, work: impl Fn(Random) -> F) -> usize
where
    R: Runtime,
    F: Future<Output = ()> + Send + 'static,
{
    let seed = seed_in_run::<R>();
    let named = OnDrop::new(move || {
        if std::thread::panicking() {
            eprintln!("ANYRT_STRESS_SEED={seed}");
        }
    });
    let group = task_group::<R, Infallible, _, _>(async |tg| {
        let mut random = Random::new(seed);
        let mut handles: Vec<TaskHandle<()>> = Vec::new();
        for _ in 0..tasks {
            handles.push(tg.spawn(work(Random::new(random.number()))));
            if random.below(2) == 0 {
                let victim = random.below(handles.len() as u64);
                handles[victim as usize].cancel();
            }
            if random.below(16) == 0 {
                yields(1).await;
            }
        }
        let mut finished = 0;
        for handle in handles {
            finished += usize::from(handle.await.is_ok());
        }
        Ok(finished)
    });
    let finished = group.await.expect("nothing fails");
    drop(named);
    finished
}

/// Polls the future a few times and then drops it, or drives it to its end.
async fn perhaps<F: Future>(random: &mut Random, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if random.below(3) > 0 {
        return Some(future.await);
    }
    for _ in 0..random.below(4) {
        if let std::task::Poll::Ready(output) = poll_once(future.as_mut()).await {
            return Some(output);
        }
        yields(1).await;
    }
    None
}

/// A counter of the tasks inside, which checks the maximum.
#[derive(Default)]
struct Inside(AtomicUsize);

impl Inside {
    fn enter(self: &Arc<Self>, most: usize) -> impl Send + use<> {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(before < most, "{} inside, {most} may be", before + 1);
        let inside = self.clone();
        OnDrop::new(move || {
            inside.0.fetch_sub(1, Ordering::SeqCst);
        })
    }

    fn nobody(&self) {
        assert_eq!(self.0.load(Ordering::SeqCst), 0);
    }
}

fn assert_same<T: PartialEq + fmt::Debug>(is: T, should: T) {
    assert_eq!(is, should, "something was lost, or given twice");
}

/// SY-01, SY-17: ten thousand tasks on one semaphore, half of them cancelled: never too many inside, no
/// permit lost, every task accounted for.
pub fn no_permit_is_lost_among_many_tasks(backend: &Backend) {
    let tasks = number("ANYRT_STRESS_TASKS").unwrap_or(MANY);
    run(backend, async {
        let semaphore = Arc::new(Semaphore::with_maximum(7, 7));
        let inside = Arc::new(Inside::default());
        let passed = Arc::new(AtomicUsize::new(0));
        let finished = storm::<R, _>(tasks, |mut random| {
            let (semaphore, inside, passed) = (semaphore.clone(), inside.clone(), passed.clone());
            async move {
                let permit = perhaps(&mut random, semaphore.acquire()).await;
                if let Some(_permit) = permit {
                    let _inside = inside.enter(7);
                    for _ in 0..random.below(3) {
                        checkpoint().await;
                    }
                }
                passed.fetch_add(1, Ordering::SeqCst);
            }
        });
        let finished = finished.await;
        inside.nobody();
        assert_same(passed.load(Ordering::SeqCst), finished);
        let statistics = semaphore.statistics();
        assert_same((statistics.available, statistics.waiting), (7, 0));
    });
}

/// SY-01, SY-05: a mutex excludes, and is free in the end.
pub fn a_mutex_survives_a_storm(backend: &Backend) {
    run(backend, async {
        let mutex = Arc::new(Mutex::new(0_usize));
        let inside = Arc::new(Inside::default());
        let written = Arc::new(AtomicUsize::new(0));
        let storm = storm::<R, _>(TASKS, |mut random| {
            let (mutex, inside, written) = (mutex.clone(), inside.clone(), written.clone());
            async move {
                while random.below(4) > 0 {
                    let Some(mut value) = perhaps(&mut random, mutex.lock_arc()).await else {
                        continue;
                    };
                    let _inside = inside.enter(1);
                    *value += 1;
                    written.fetch_add(1, Ordering::SeqCst);
                    checkpoint().await;
                }
            }
        });
        storm.await;
        inside.nobody();
        let statistics = mutex.statistics();
        assert_same((statistics.locked, statistics.waiting), (false, 0));
        assert_same(*mutex.lock().await, written.load(Ordering::SeqCst));
    });
}

/// SY-01, SY-05: many read or one writes, and the lock is free in the end.
pub fn a_read_write_lock_survives_a_storm(backend: &Backend) {
    run(backend, async {
        let lock = Arc::new(RwLock::new(0_usize));
        let (readers, writers) = (Arc::new(Inside::default()), Arc::new(Inside::default()));
        let storm = storm::<R, _>(TASKS, |mut random| {
            let lock = lock.clone();
            let (readers, writers) = (readers.clone(), writers.clone());
            async move {
                if random.below(3) > 0 {
                    if let Some(value) = perhaps(&mut random, lock.read()).await {
                        let _inside = readers.enter(usize::MAX);
                        let before = *value;
                        checkpoint().await;
                        writers.nobody();
                        assert_eq!(before, *value);
                    }
                } else if let Some(mut value) = perhaps(&mut random, lock.write()).await {
                    let _inside = writers.enter(1);
                    readers.nobody();
                    *value += 1;
                    checkpoint().await;
                }
            }
        });
        storm.await;
        let statistics = lock.statistics();
        assert_same((statistics.readers, statistics.writing), (0, false));
        assert_same(statistics.waiting, 0);
    });
}

/// SY-01, SY-21, SY-23: a limiter with a total that changes all the time loses no token.
pub fn a_limiter_survives_a_storm(backend: &Backend) {
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(3));
        let inside = Arc::new(Inside::default());
        let storm = storm::<R, _>(TASKS, |mut random| {
            let (limiter, inside) = (limiter.clone(), inside.clone());
            async move {
                if random.below(4) == 0 {
                    limiter.set_total(1 + random.below(5) as usize);
                }
                let key = random.below(4);
                let token = perhaps(&mut random, limiter.acquire_arc_on_behalf_of(key)).await;
                if let Some(Ok(_token)) = token {
                    let _inside = inside.enter(4);
                    checkpoint().await;
                    assert!(limiter.statistics().borrowed <= 5);
                }
            }
        });
        storm.await;
        inside.nobody();
        let statistics = limiter.statistics();
        assert_same((statistics.borrowed, statistics.waiting), (0, 0));
        assert_same(statistics.available, statistics.total);
    });
}

/// SY-01, SY-14: of the tokens that are announced one by one, each is taken, by a task that was not
/// cancelled.
pub fn no_notification_is_lost_in_a_storm(backend: &Backend) {
    run(backend, async {
        let tokens = Arc::new(Mutex::new(0_usize));
        let added = Arc::new(Condition::new(tokens.clone()));
        let taken = Arc::new(AtomicUsize::new(0));
        let ended = Event::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let takers = scope.run(async {
            storm::<R, _>(TASKS, |mut random| {
                let (added, taken) = (added.clone(), taken.clone());
                async move {
                    loop {
                        let some = |tokens: &mut usize| (*tokens > 0).then(|| *tokens -= 1);
                        let take = async {
                            let held = added.mutex().lock().await;
                            drop(added.wait_for(held, some).await);
                            taken.fetch_add(1, Ordering::SeqCst);
                        };
                        perhaps(&mut random, take).await;
                        yields(1).await;
                    }
                }
            })
            .await
        });
        let giver = async {
            for _ in 0..TASKS {
                let mut held = tokens.lock().await;
                *held += 1;
                added.notify(&held, 1);
                drop(held);
                yields(1).await;
            }
            // The tasks that are not cancelled continue; if a notification were lost, the rest would sleep.
            until(|| taken.load(Ordering::SeqCst) == TASKS as usize).await;
            handle.cancel();
            ended.set();
        };
        let (interrupted, ()) = anyrt_core::combine::gather((takers, giver)).await;
        assert!(interrupted.is_err() && ended.is_set());
        assert_same((*tokens.lock().await, added.statistics().waiting), (0, 0));
    });
}

/// SY-01, SY-03, SY-25: no waiting task is forgotten by an event, a promise or a barrier.
pub fn nobody_is_forgotten_in_a_storm(backend: &Backend) {
    run(backend, async {
        let (event, promise) = (Arc::new(Event::new()), Arc::new(Promise::<u64>::new()));
        let barrier = Arc::new(Barrier::new(2));
        let arrived = Arc::new(AtomicUsize::new(0));
        let storm = storm::<R, _>(TASKS, |mut random| {
            let (event, promise) = (event.clone(), promise.clone());
            let (barrier, arrived) = (barrier.clone(), arrived.clone());
            async move {
                if arrived.fetch_add(1, Ordering::SeqCst) as u64 == TASKS / 2 {
                    event.set();
                    let _ = promise.set(5);
                }
                perhaps(&mut random, event.wait()).await;
                let value = perhaps(&mut random, promise.value()).await;
                assert!(value.is_none_or(|value| value == Ok(5)));
                // The last task may be alone, so it does not wait without an end.
                let mut wait = pin!(barrier.wait());
                for _ in 0..random.below(4) {
                    if poll_once(wait.as_mut()).await.is_ready() {
                        break;
                    }
                    yields(1).await;
                }
            }
        });
        // Tasks that are cancelled before they run have not arrived: another one sets the event then.
        let rescue = async {
            until(|| event.is_set() || event.statistics().waiting > 0).await;
            yields(100).await;
            event.set();
            let _ = promise.set(5);
        };
        anyrt_core::combine::gather((storm, rescue)).await;
        assert_same((event.statistics().waiting, promise.waiting()), (0, 0));
        assert_same(barrier.statistics().waiting, 0);
    });
}

anyrt_conformance_kit::cases! { sync_stress: erased,
    no_permit_is_lost_among_many_tasks,
    a_mutex_survives_a_storm,
    a_read_write_lock_survives_a_storm,
    a_limiter_survives_a_storm,
    no_notification_is_lost_in_a_storm,
    nobody_is_forgotten_in_a_storm,
}
