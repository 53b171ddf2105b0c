//! Waiting until a socket can send, for any number of tasks.
//!
//! A socket wakes one task for each direction, but each connection of an endpoint sends for itself. So all attempts use
//! one waker, which wakes every task that waits.
//!
//! `State::blocked` has these transitions, all under the lock:
//!
//! 1. An attempt sets it before it begins. If it is not pending, it clears it.
//! 2. The waker clears it. An attempt whose waker is woken later than that has set it again, and its tasks find it set.
//!
//! So while `blocked` is set, an attempt is running or has left the waker with the socket, and a task that waits will be
//! woken. A runtime may also wake during an attempt, to let other tasks run (tokio's budget). The task must then return
//! to the runtime before it tries again, or it would try forever; `State::yields` sees to that.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use quinn::UdpPoller;

/// Whether a socket can send, and the tasks that wait for it.
#[derive(Debug, Default)]
pub(super) struct Writable {
    state: Mutex<State>,
    /// The number of the next poller. Relaxed: only its uniqueness matters.
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Set while sending has to wait for the waker.
    blocked: bool,
    /// The number of attempts that are running.
    attempts: usize,
    /// Set by a wake during an attempt: the next task that wants to send returns to its runtime once.
    yields: bool,
    /// The tasks that wait, by the number of their poller.
    waiting: BTreeMap<u64, Waker>,
}

impl Writable {
    /// Tries to send. `poll` gets a waker that wakes all waiting tasks.
    pub(super) fn attempt<T>(
        self: &Arc<Self>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        {
            let mut state = self.lock();
            state.blocked = true;
            state.attempts += 1;
        }
        let waker = Waker::from(self.clone());
        let outcome = poll(&mut Context::from_waker(&waker));
        let mut state = self.lock();
        state.attempts -= 1;
        if outcome.is_ready() || state.yields {
            let waiting = state.unblock();
            drop(state);
            wake_all(waiting);
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Allows sending. The caller wakes the tasks, without the lock.
    #[must_use]
    fn unblock(&mut self) -> BTreeMap<u64, Waker> {
        self.blocked = false;
        mem::take(&mut self.waiting)
    }
}

fn wake_all(waiting: BTreeMap<u64, Waker>) {
    for waker in waiting.into_values() {
        waker.wake();
    }
}

impl Wake for Writable {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.lock();
        // An attempt that is running may be the one that is woken: it unblocks when it has ended.
        state.yields |= state.attempts > 0;
        let waiting = state.unblock();
        drop(state);
        wake_all(waiting);
    }
}

/// One task that waits until a socket can send.
#[derive(Debug)]
pub(super) struct WritablePoller {
    writable: Arc<Writable>,
    number: u64,
}

impl WritablePoller {
    pub(super) fn new(writable: Arc<Writable>) -> WritablePoller {
        let number = writable.next.fetch_add(1, Ordering::Relaxed);
        WritablePoller { writable, number }
    }
}

impl UdpPoller for WritablePoller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Cloned, and the former one dropped, without the lock.
        let waker = cx.waker().clone();
        let mut state = self.writable.lock();
        if mem::take(&mut state.yields) {
            drop(state);
            waker.wake();
            return Poll::Pending;
        }
        if !state.blocked {
            drop(state);
            return Poll::Ready(Ok(()));
        }
        let former = state.waiting.insert(self.number, waker);
        drop(state);
        drop(former);
        Poll::Pending
    }
}

impl Drop for WritablePoller {
    fn drop(&mut self) {
        let waker = self.writable.lock().waiting.remove(&self.number);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Counts its wakes.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A task that waits.
    struct Task {
        poller: WritablePoller,
        count: Arc<Count>,
    }

    impl Task {
        fn new(writable: &Arc<Writable>) -> Task {
            Task {
                poller: WritablePoller::new(writable.clone()),
                count: Arc::default(),
            }
        }

        fn is_writable(&mut self) -> bool {
            let waker = Waker::from(self.count.clone());
            let mut cx = Context::from_waker(&waker);
            Pin::new(&mut self.poller).poll_writable(&mut cx).is_ready()
        }

        fn wakes(&self) -> usize {
            self.count.0.load(Ordering::Relaxed)
        }
    }

    /// Attempts to send to a socket that has no room, and returns the waker that it keeps.
    fn blocked(writable: &Arc<Writable>) -> Waker {
        let mut kept = None;
        let outcome = writable.attempt::<()>(|cx| {
            kept = Some(cx.waker().clone());
            Poll::Pending
        });
        assert!(outcome.is_pending());
        kept.unwrap()
    }

    #[test]
    fn a_wake_reaches_every_task() {
        let writable = Arc::<Writable>::default();
        let mut tasks = [(); 3].map(|()| Task::new(&writable));
        assert!(tasks.iter_mut().all(Task::is_writable));
        let socket = blocked(&writable);
        assert!(!tasks.iter_mut().any(Task::is_writable));
        // Polled twice, it is woken once.
        assert!(!tasks[0].is_writable());
        socket.wake();
        assert!(tasks.iter().all(|task| task.wakes() == 1));
        assert!(tasks.iter_mut().all(Task::is_writable));
    }

    #[test]
    fn a_wake_before_a_task_waits_is_kept() {
        let writable = Arc::<Writable>::default();
        let mut task = Task::new(&writable);
        blocked(&writable).wake();
        assert!(task.is_writable());
        assert_eq!(task.wakes(), 0);
    }

    #[test]
    fn a_success_of_one_task_wakes_the_others() {
        let writable = Arc::<Writable>::default();
        let mut task = Task::new(&writable);
        blocked(&writable);
        assert!(!task.is_writable());
        let outcome = writable.attempt(|_| Poll::Ready(Ok(())));
        assert!(outcome.is_ready());
        assert_eq!(task.wakes(), 1);
        assert!(task.is_writable());
    }

    /// Checks that a task whose runtime wakes it during the attempt returns to the runtime once, and is then free to
    /// try again.
    #[test]
    fn a_wake_during_an_attempt_lets_other_tasks_run() {
        let writable = Arc::<Writable>::default();
        let mut task = Task::new(&writable);
        let outcome = writable.attempt::<()>(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert!(outcome.is_pending());
        assert!(!task.is_writable());
        assert_eq!(task.wakes(), 1);
        assert!(task.is_writable());
    }

    #[test]
    fn a_task_that_is_dropped_is_not_woken() {
        let writable = Arc::<Writable>::default();
        let mut task = Task::new(&writable);
        let socket = blocked(&writable);
        assert!(!task.is_writable());
        let count = task.count.clone();
        drop(task);
        socket.wake();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
