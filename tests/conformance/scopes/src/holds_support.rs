//! Helpers for the cases of holds: a holder, executors of a kind that no backend is, and runtimes that
//! treat their tasks badly.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Blocking, Runtime, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;
use futures_util::future::join;

use crate::erased::R;
use crate::kinds::blocked;
use crate::support::{Log, yields};

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Holds once it was polled: it waits forever, and cleans up in two steps when it is cancelled. Adds
/// `cleaned up` to the log, or `dropped` if it was dropped before.
pub(super) async fn holder(log: Log) {
    let cleaned = Arc::new(AtomicBool::new(false));
    let (seen, log_of_guard) = (cleaned.clone(), log.clone());
    let _guard = crate::support::OnDrop::new(move || {
        if !seen.load(Ordering::SeqCst) {
            log_of_guard.add("dropped");
        }
    });
    finally(blocked(), async || {
        checkpoint().await;
        checkpoint().await;
        log.add("cleaned up");
        cleaned.store(true, Ordering::SeqCst);
    })
    .await;
}

/// Runs `body` in a scope that another future in the same task cancels after some turns.
pub(super) async fn cancelled_meanwhile<F: Future>(body: F) -> Option<F::Output> {
    let scope = CancelScope::<R>::new();
    let handle = scope.handle();
    let canceller = async {
        yields(10).await;
        handle.cancel();
    };
    join(scope.run(body), canceller).await.0.ok()
}

/// Counts the polls of the future.
pub(super) fn counting<F: Future>(
    polls: Arc<AtomicUsize>,
    future: F,
) -> impl Future<Output = F::Output> {
    let mut future = Box::pin(future);
    poll_fn(move |cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        future.as_mut().poll(cx)
    })
}

/// A foreign executor: each task has a separate waker, and tasks run while the executor is driven.
#[derive(Clone, Default)]
pub(super) struct Executor(Arc<Shared>);

/// The state of an [`Executor`]. A wake-up queues the task in `ready` first, and wakes the driver then, so
/// that the driver finds it.
#[derive(Default)]
struct Shared {
    ready: Mutex<VecDeque<Arc<Task>>>,
    /// The number of tasks that have not ended. [`Executor::drive`] completes at 0.
    living: AtomicUsize,
    /// The task that drives the executor, if it waits.
    driver: Mutex<Option<Waker>>,
}

struct Task {
    future: Mutex<Option<BoxFuture>>,
    executor: Arc<Shared>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let executor = self.executor.clone();
        executor.ready.lock().unwrap().push_back(self);
        let driver = executor.driver.lock().unwrap().take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

impl Executor {
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.living.fetch_add(1, Ordering::SeqCst);
        let future = Mutex::new(Some(Box::pin(future) as BoxFuture));
        Arc::new(Task {
            future,
            executor: self.0.clone(),
        })
        .wake();
    }

    /// Drives the executor until all tasks have ended.
    pub(super) async fn drive(&self) {
        poll_fn(|cx| {
            // Registered before the queue is read: a task that is queued later wakes the driver.
            *self.0.driver.lock().unwrap() = Some(cx.waker().clone());
            // Ends when no task is ready.
            loop {
                let next = self.0.ready.lock().unwrap().pop_front();
                let Some(task) = next else { break };
                let mut slot = task.future.lock().unwrap();
                let Some(future) = slot.as_mut() else {
                    continue;
                };
                let waker = Waker::from(task.clone());
                if future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
                {
                    *slot = None;
                    self.0.living.fetch_sub(1, Ordering::SeqCst);
                }
            }
            if self.0.living.load(Ordering::SeqCst) == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// A runtime that polls a task directly inside `wake`, on whatever thread calls it.
pub(super) struct PollsInWake<R>(PhantomData<fn() -> R>);

/// A runtime that drops a task after its first poll.
pub(super) struct Aborts<R>(PhantomData<fn() -> R>);

/// A task of [`PollsInWake`]. The thread that holds the lock of `future` polls it.
struct InWake {
    future: Mutex<Option<BoxFuture>>,
    /// Set by each wake-up, and cleared by the thread that polls. If it is set while that thread polls, the
    /// thread polls once more; so no wake-up is lost.
    again: AtomicBool,
}

impl InWake {
    fn run(self: &Arc<Self>) {
        // Set before the lock is tried: a thread that holds the lock reads `again` once it has released the
        // lock. The loop ends when no wake-up has arrived since the last poll began, or when another thread
        // polls.
        self.again.store(true, Ordering::SeqCst);
        while self.again.load(Ordering::SeqCst) {
            let mut slot = match self.future.try_lock() {
                Ok(slot) => slot,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // The thread that holds the lock checks `again` when it is done.
                Err(TryLockError::WouldBlock) => return,
            };
            // Another thread has polled for this wake-up in the meantime.
            if !self.again.swap(false, Ordering::SeqCst) {
                continue;
            }
            let Some(future) = slot.as_mut() else { return };
            let waker = Waker::from(self.clone());
            if future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
            {
                *slot = None;
            }
        }
    }
}

impl Wake for InWake {
    fn wake(self: Arc<Self>) {
        self.run();
    }
}

/// Polls the future once, and drops it if it is pending then; catches the panics of its destructors.
async fn abort_after_first_poll(future: impl Future<Output = ()>) {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
    // A runtime does not let such a panic out of its worker.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
}

/// Implements a runtime that differs from the backend only in the way it spawns.
macro_rules! runtime {
    ($name:ident, |$handle:ident, $task:ident, $future:ident| $spawn:expr) => {
        impl<R> Clone for $name<R> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<R> Copy for $name<R> {}

        impl<R> std::fmt::Debug for $name<R> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<R: Runtime> Spawn for $name<R> {
            type Handle = R::Handle;

            fn current() -> Result<Self::Handle, NoRuntime> {
                R::current()
            }

            fn spawn<F>($handle: &Self::Handle, $task: TaskInfo<'_>, $future: F)
            where
                F: Future<Output = ()> + Send + 'static,
            {
                $spawn
            }

            fn choose(n: usize) -> usize {
                R::choose(n)
            }

            fn name(handle: &Self::Handle) -> &'static str {
                R::name(handle)
            }

            fn tag(handle: &Self::Handle) -> u8 {
                R::tag(handle)
            }
        }

        impl<R: Runtime> Time for $name<R> {
            type Timer = R::Timer;

            fn now() -> Instant {
                R::now()
            }

            fn timer(deadline: Instant) -> Self::Timer {
                R::timer(deadline)
            }

            fn reset(timer: Pin<&mut Self::Timer>, deadline: Instant) {
                R::reset(timer, deadline);
            }
        }

        impl<R: Runtime> Blocking for $name<R> {
            type Call<T: Send + 'static> = R::Call<T>;

            fn spawn_blocking<F, T>(handle: &Self::Handle, f: F) -> Self::Call<T>
            where
                F: FnOnce() -> T + Send + 'static,
                T: Send + 'static,
            {
                R::spawn_blocking(handle, f)
            }
        }
    };
}

runtime!(PollsInWake, |handle, task, future| {
    let inner = Arc::new(InWake {
        future: Mutex::new(Some(Box::pin(future))),
        again: AtomicBool::new(false),
    });
    R::spawn(handle, task, async move { inner.run() });
});

runtime!(Aborts, |handle, task, future| {
    R::spawn(handle, task, abort_after_first_poll(future));
});

/// Returns the resident memory of this process in bytes, in whole pages, where it can be read.
pub(super) fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Locks the mutex, also if a thread panicked with the lock held.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
