//! A runtime on one thread, with a clock that advances when no task can go on.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::task::entered_tree;
use anyrt_core::time::Instant;

/// The runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneThread;

#[derive(Debug)]
pub(crate) struct Scheduler {
    state: Mutex<State>,
    thread: Thread,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Task>>,
    /// The time since the start.
    now: Duration,
    timers: BTreeMap<(Instant, u64), Waker>,
    next_timer: u64,
    /// The tasks that wait until no other is ready.
    quiet: VecDeque<Waker>,
    /// The number of functions on other threads.
    functions: usize,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

struct Task {
    scheduler: Arc<Scheduler>,
    /// The future, unless it has ended. The main future is polled where it is, so it is never here.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    queued: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            let scheduler = self.scheduler.clone();
            scheduler.state().ready.push_back(self);
            scheduler.thread.unpark();
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scheduler>>> = const { RefCell::new(None) };
}

impl Scheduler {
    fn current() -> Arc<Scheduler> {
        CURRENT
            .with_borrow(Clone::clone)
            .expect("the thread works for the runtime")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn enter<T>(self: Arc<Self>, f: impl FnOnce() -> T) -> T {
        struct Leave(Option<Arc<Scheduler>>);
        impl Drop for Leave {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _leave = Leave(CURRENT.replace(Some(self)));
        f()
    }

    fn start(
        self: &Arc<Self>,
        future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    ) -> Arc<Task> {
        let task = Arc::new(Task {
            scheduler: self.clone(),
            future: Mutex::new(future),
            queued: AtomicBool::new(false),
        });
        task.clone().wake();
        task
    }

    fn drive<F: Future>(self: &Arc<Self>, main: F) -> F::Output {
        let mut main = pin!(main);
        let of_main = self.start(None);
        loop {
            let Some(task) = self.next() else { continue };
            task.queued.store(false, Ordering::SeqCst);
            let waker = Waker::from(task.clone());
            let mut cx = Context::from_waker(&waker);
            if Arc::ptr_eq(&task, &of_main) {
                if let Poll::Ready(output) = main.as_mut().poll(&mut cx) {
                    return output;
                }
                continue;
            }
            let future = task.future.lock().unwrap().take();
            if let Some(mut future) = future {
                if future.as_mut().poll(&mut cx).is_pending() {
                    *task.future.lock().unwrap() = Some(future);
                }
            }
        }
    }

    /// Returns the next task. Returns `None` if something else was done, which may have made one ready.
    fn next(&self) -> Option<Arc<Task>> {
        let mut state = self.state();
        if let Some(task) = state.ready.pop_front() {
            return Some(task);
        }
        if state.functions > 0 {
            drop(state);
            thread::park();
            return None;
        }
        let next = state.quiet.pop_front().or_else(|| {
            let ((deadline, _), waker) = state.timers.pop_first()?;
            state.now = state.now.max(deadline.since_anchor());
            Some(waker)
        });
        drop(state);
        match next {
            Some(waker) => waker.wake(),
            None => match entered_tree() {
                Some(tree) => panic!("deadlock: {tree}"),
                None => panic!("deadlock"),
            },
        }
        None
    }
}

impl Enter for OneThread {
    type Runtime = OneThread;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let scheduler = Arc::new(Scheduler {
            state: Mutex::default(),
            thread: thread::current(),
        });
        Ok(scheduler.clone().enter(|| {
            let output = scheduler.drive(future);
            let rest = std::mem::take(&mut scheduler.state().ready);
            drop(rest);
            output
        }))
    }

    fn check_new_thread(&self) -> io::Result<()> {
        let message = "this runtime has one thread: use a portal into the current run";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }
}

impl Spawn for OneThread {
    type Handle = Arc<Scheduler>;

    fn current() -> Result<Arc<Scheduler>, NoRuntime> {
        CURRENT
            .with_borrow(Clone::clone)
            .ok_or_else(|| NoRuntime::new("no runtime on this thread"))
    }

    fn spawn<F>(scheduler: &Arc<Scheduler>, _task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        scheduler.start(Some(Box::pin(future)));
    }

    fn choose(_n: usize) -> usize {
        0
    }

    fn name(_scheduler: &Arc<Scheduler>) -> &'static str {
        "one thread"
    }
}

pub(crate) struct Timer {
    scheduler: Arc<Scheduler>,
    deadline: Instant,
    listed: Option<(Instant, u64)>,
}

impl Timer {
    fn leave(&mut self) {
        let left = self.listed.take();
        let waker = left.and_then(|key| self.scheduler.state().timers.remove(&key));
        drop(waker);
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.leave();
        let scheduler = self.scheduler.clone();
        let mut state = scheduler.state();
        if state.now >= self.deadline.since_anchor() {
            return Poll::Ready(());
        }
        state.next_timer += 1;
        let key = (self.deadline, state.next_timer);
        state.timers.insert(key, cx.waker().clone());
        self.listed = Some(key);
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Time for OneThread {
    type Timer = Timer;

    fn now() -> Instant {
        Instant::after_anchor(Scheduler::current().state().now)
    }

    fn timer(deadline: Instant) -> Timer {
        Timer {
            scheduler: Scheduler::current(),
            deadline,
            listed: None,
        }
    }

    fn reset(mut timer: Pin<&mut Timer>, deadline: Instant) {
        timer.leave();
        timer.deadline = deadline;
    }

    fn poll_quiet(cx: &mut Context<'_>) -> Option<Poll<()>> {
        let scheduler = Scheduler::current();
        let mut state = scheduler.state();
        if state.ready.is_empty() && state.functions == 0 {
            return Some(Poll::Ready(()));
        }
        // Each is woken when no other task is ready, and is then the only one.
        state.quiet.push_back(cx.waker().clone());
        Some(Poll::Pending)
    }
}

pub(crate) struct Call<T>(Arc<Mutex<(Option<T>, Option<Waker>)>>);

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock().unwrap();
        match state.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                state.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Blocking for OneThread {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(scheduler: &Arc<Scheduler>, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let result = Arc::new(Mutex::new((None, None)));
        let (scheduler, shared) = (scheduler.clone(), result.clone());
        scheduler.state().functions += 1;
        thread::spawn(move || {
            let value = scheduler.clone().enter(f);
            let waker = {
                let mut state = shared.lock().unwrap();
                state.0 = Some(value);
                state.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
            scheduler.state().functions -= 1;
            scheduler.thread.unpark();
        });
        Call(result)
    }
}
