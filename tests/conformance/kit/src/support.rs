//! Small tools for cases: events that are foreign to the library, logs, polls by hand.
//!
//! Nothing here is an operation of anyrt: a [`Gate`] or a [`Forever`] is a foreign future to it, not a
//! cancel point and not a hold.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelScope, Cancelled};
use anyrt_core::runtime::{Blocking, Enter, FileSystem, Runtime};
use futures_util::FutureExt;

use crate::capability::{Capability, has};
use crate::disk;
pub use crate::gate::{Gate, give_way, linger};
use crate::limits::foreign_sleep;

/// Runs `main` on the backend with the default options.
///
/// The future is boxed: the code of a run is compiled once for each backend, not for each case.
pub fn run<B: Enter, T>(backend: &B, main: impl Future<Output = T>) -> T {
    let (mut output, mut own) = (None, None);
    let main = async {
        own = copy_folders::<B::Runtime>();
        output = Some(main.await);
    };
    run_boxed(backend, Box::pin(main));
    // The functions that the run has waited for have ended, too.
    if let Some(own) = own {
        disk::bring_back(&*own).expect("the folders of the case are copied back");
    }
    output.expect("the run drove its main future to the end")
}

/// Copies the folders of the case to the files of the backend, if it has its own, and returns these.
fn copy_folders<R: Blocking>() -> Option<Arc<dyn FileSystem>> {
    let own = R::file_system()?;
    disk::bring_in(&*own).expect("the folders of the case are copied");
    Some(own)
}

fn run_boxed<B: Enter>(backend: &B, main: Pin<Box<dyn Future<Output = ()> + '_>>) {
    anyrt_core::run(backend, RunOptions::new(), main).expect("the run starts");
}

/// Runs the future in a scope that is cancelled before it is entered.
///
/// # Errors
///
/// [`Cancelled`] if the future waits for anything.
pub async fn in_cancelled_scope<R: Runtime, F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let scope = CancelScope::<R>::new();
    scope.handle().cancel();
    scope.run(future).await
}

/// A log of events, in order, from any number of tasks and threads.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Creates an empty log.
    pub fn new() -> Log {
        Log::default()
    }

    /// Adds an entry.
    pub fn add(&self, entry: impl Into<String>) {
        lock(&self.0).push(entry.into());
    }

    /// Returns all entries, oldest first.
    pub fn entries(&self) -> Vec<String> {
        lock(&self.0).clone()
    }

    /// Returns the number of entries that equal `entry`.
    pub fn count(&self, entry: &str) -> usize {
        lock(&self.0).iter().filter(|e| *e == entry).count()
    }

    /// Returns whether there is such an entry.
    pub fn has(&self, entry: &str) -> bool {
        self.count(entry) > 0
    }

    /// Returns a guard that adds the entry when it is dropped.
    pub fn on_drop(&self, entry: &'static str) -> impl Send + Sync + 'static + use<> {
        let log = self.clone();
        OnDrop::new(move || log.add(entry))
    }
}

/// A flag that can be raised once, from anywhere, and read.
#[derive(Clone, Debug, Default)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    /// Creates a flag that is not raised.
    pub fn new() -> Flag {
        Flag::default()
    }

    /// Raises the flag.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Returns whether the flag is raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Returns a guard that raises the flag when it is dropped.
    pub fn on_drop(&self) -> impl Send + Sync + 'static + use<> {
        let flag = self.clone();
        OnDrop::new(move || flag.raise())
    }
}

/// A guard that calls a function when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    /// Creates a guard that will call `f`.
    pub fn new(f: F) -> OnDrop<F> {
        OnDrop(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}

/// Returns a foreign future that never completes, and raises a flag when it is dropped.
pub fn forever(dropped: &Flag) -> Forever<impl Send + Sync + 'static + use<>> {
    Forever(dropped.on_drop())
}

/// The future that [`forever`] returns.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Forever<G>(G);

impl<G> Future for Forever<G> {
    type Output = std::convert::Infallible;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Pending
    }
}

/// Yields `times` times, as a foreign future.
pub async fn yields(times: usize) {
    for _ in 0..times {
        let mut polled = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Yields once, and lets time pass where it does not pass by itself.
pub async fn pause() {
    yields(1).await;
    if !has(Capability::BusyTime) {
        foreign_sleep(Duration::from_micros(10)).await;
    }
}

/// Yields until the condition holds, for conditions that no waker reports.
pub async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        pause().await;
        if has(Capability::OsThreads) {
            thread::yield_now();
        }
    }
}

/// Polls the future once, with the waker of the awaiting task.
pub async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A waker that counts how often it is woken.
#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    /// Creates a counter that stands at zero.
    pub fn new() -> Arc<Wakes> {
        Arc::default()
    }

    /// Returns how often it was woken.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Polls the future once with a waker that counts here.
    pub fn poll<F: Future + ?Sized>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Returns a waker that panics.
#[must_use]
pub fn panicking_waker() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic_quietly("a waker");
        }
    }
    Waker::from(Arc::new(Panics))
}

/// Polls the future by hand until it is ready, and returns the number of polls.
///
/// # Panics
///
/// If it is pending without having woken its waker.
pub fn polls_until_ready<F: Future>(future: F) -> usize {
    let mut future = pin!(future);
    let wakes = Wakes::new();
    for polls in 1.. {
        let before = wakes.count();
        if wakes.poll(future.as_mut()).is_ready() {
            return polls;
        }
        assert!(wakes.count() > before, "pending, and nothing was woken");
    }
    unreachable!("the loop has no other end")
}

/// Panics without a message on standard error.
pub fn panic_quietly(message: &'static str) -> ! {
    resume_unwind(Box::new(message))
}

/// Awaits the future, and returns a panic as its message.
///
/// # Errors
///
/// The message of the panic.
pub async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(|payload| message_of(&*payload))
}

/// Calls the function, and returns a panic as its message.
///
/// # Errors
///
/// The message of the panic.
pub fn catch_sync<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| message_of(&*payload))
}

/// Returns the message that a panic was raised with.
pub fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the children of this process, zombies included, where the system lists them.
///
/// # Panics
///
/// If the list of processes cannot be read to its end.
#[must_use]
pub fn children() -> BTreeSet<u32> {
    let mut children = BTreeSet::new();
    let Ok(processes) = fs::read_dir("/proc") else {
        return children;
    };
    for process in processes {
        let process = process.expect("an entry of the list of processes");
        let Some(id) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // After the name, which is in brackets: the state, and the parent.
        let parent = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(1));
        if parent.and_then(|parent| parent.parse().ok()) == Some(std::process::id()) {
            children.insert(id);
        }
    }
    children
}
