//! The end of a child: waiting for it, reaping, signals.
//!
//! | state | entered by | excludes |
//! | --- | --- | --- |
//! | running, or a zombie | the start | |
//! | reaped | the first `try_reap` after the end | signals: the number may have a new owner |
//! | stolen | the first `try_reap` after other code has reaped the child | signals, and a status |
//!
//! A reactor keeps one waker for a descriptor. So all waiting tasks are in a list, and the reactor gets a
//! waker that wakes all of them (rule P16).

use std::io;
use std::process::ExitStatus;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal as Os, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use slab::Slab;

use super::os::{open_pidfd, signal_through};
use crate::engine::{Owed, Run, Wait, poll_state};
use crate::loom::thread::park_timeout;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Attempt, Direction, Source};
use crate::runtime::{Descriptors, TaskInfo};
use crate::signals::Signal;
use crate::wake::wake_all;

/// The time that a destructor waits for a killed child where no task can.
const PATIENCE: Duration = Duration::from_secs(1);

/// A child process, until it is reaped.
pub(super) struct Child<S> {
    pid: Pid,
    /// Whether the child leads a group that is killed with it.
    group: bool,
    reaping: Mutex<Reaping>,
    watch: Watch<S>,
    waiting: Arc<Waiting>,
    /// A waker for all waiting tasks.
    waker: Waker,
}

struct Reaping {
    child: std::process::Child,
    ended: Option<ChildExit>,
}

/// The exit of a child, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChildExit {
    Status(ExitStatus),
    /// Other code has reaped it.
    Stolen,
}

impl ChildExit {
    pub(super) fn status(self) -> io::Result<ExitStatus> {
        match self {
            ChildExit::Status(status) => Ok(status),
            ChildExit::Stolen => Err(io::Error::other(
                "the status of the process is unknown, since something else in this program has waited for \
                 it: leave children alone that you have not started, and do not ignore SIGCHLD",
            )),
        }
    }
}

/// The way in which the end is detected.
enum Watch<S> {
    Descriptor(S),
    /// A thread wakes the waiting tasks.
    Thread,
}

/// The wakers of the tasks that wait for the end.
#[derive(Default)]
struct Waiting(Mutex<Slab<Option<Waker>>>);

impl Wake for Waiting {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        let wakers: Vec<_> = {
            let mut waiting = lock(&self.0);
            waiting
                .iter_mut()
                .filter_map(|(_, waker)| waker.take())
                .collect()
        };
        wake_all(wakers.into_iter());
    }
}

/// The place of a task in the list of waiting tasks.
#[derive(Default)]
pub(super) struct Waiter {
    place: Option<(Arc<Waiting>, usize)>,
}

impl Waiter {
    fn register(&mut self, waiting: &Arc<Waiting>, waker: &Waker) {
        let new = Some(waker.clone());
        let old = match &self.place {
            Some((_, key)) => lock(&waiting.0)
                .get_mut(*key)
                .and_then(|kept| std::mem::replace(kept, new)),
            None => {
                let key = lock(&waiting.0).insert(new);
                self.place = Some((waiting.clone(), key));
                None
            }
        };
        drop(old);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some((waiting, key)) = self.place.take() {
            let waker = lock(&waiting.0).try_remove(key);
            drop(waker);
        }
    }
}

impl<S: Source> Child<S> {
    /// Sets up the detection of the end of a child. If that fails, the child is killed and reaped.
    pub(super) fn new(mut child: std::process::Child, group: bool) -> io::Result<Arc<Child<S>>> {
        let pid = Pid::from_child(&child);
        let waiting = Arc::<Waiting>::default();
        let mut ended = None;
        let watch = match open_pidfd(pid).map(S::register) {
            Ok(Ok(source)) => Watch::Descriptor(source),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => {
                ended = Some(ChildExit::Stolen);
                Watch::Thread
            }
            Ok(Err(_)) | Err(_) => {
                if let Err(error) = watch_in_thread(pid, waiting.clone()) {
                    drop(child.kill());
                    drop(child.wait());
                    return Err(error);
                }
                Watch::Thread
            }
        };
        Ok(Arc::new(Child {
            pid,
            group,
            reaping: Mutex::new(Reaping { child, ended }),
            watch,
            waker: Waker::from(waiting.clone()),
            waiting,
        }))
    }

    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Reaps the child if it has ended. The first call that finds the end wakes all waiting tasks.
    pub(super) fn try_reap(&self) -> Option<ChildExit> {
        let mut reaping = lock(&self.reaping);
        if reaping.ended.is_some() {
            return reaping.ended;
        }
        if self.group {
            // The rest of the group is killed while the zombie keeps its number (rule P21).
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            match waitid(WaitId::Pid(self.pid), options) {
                Ok(None) => return None,
                Ok(Some(_)) => drop(kill_process_group(self.pid, Os::KILL)),
                // The next call returns it.
                Err(_) => {}
            }
        }
        let ended = match reaping.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => ChildExit::Status(status),
            Err(_) => ChildExit::Stolen,
        };
        reaping.ended = Some(ended);
        drop(reaping);
        self.waker.wake_by_ref();
        Some(ended)
    }

    /// Waits for the end, and reaps the child.
    pub(super) fn poll_ended(
        &self,
        cx: &mut Context<'_>,
        waiter: &mut Waiter,
    ) -> Poll<io::Result<ChildExit>> {
        // Registers first, so that an end which another task finds meanwhile wakes this one.
        waiter.register(&self.waiting, cx.waker());
        if let Some(ended) = self.try_reap() {
            return Poll::Ready(Ok(ended));
        }
        let polled = match &self.watch {
            Watch::Thread => Poll::Pending,
            Watch::Descriptor(source) => {
                let mut cx = Context::from_waker(&self.waker);
                source.poll_io(&mut cx, Direction::Input, |_| match self.try_reap() {
                    Some(ended) => Ok(Attempt::new(ended)),
                    None => Err(io::ErrorKind::WouldBlock.into()),
                })
            }
        };
        if polled.is_pending() {
            poll_state::waits_for(Wait::Process);
        }
        polled
    }

    /// Sends a signal to the child, or to its group. Has no effect on a child that has ended.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(signal) = Os::from_named_raw(signal.as_raw()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let reaping = lock(&self.reaping);
        if reaping.ended.is_some() {
            return Ok(());
        }
        let sent = match &self.watch {
            _ if self.group => kill_process_group(self.pid, signal),
            Watch::Descriptor(source) => signal_through(source.descriptor(), signal),
            Watch::Thread => kill_process(self.pid, signal),
        };
        match sent {
            // It has ended, and is not reaped yet.
            Err(Errno::SRCH) => Ok(()),
            Err(Errno::PERM) if self.is_zombie() => Ok(()),
            sent => Ok(sent?),
        }
    }

    fn is_zombie(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Blocks until a killed child has ended, and reaps it; gives up after a while.
    fn reap_blocking(&self) {
        for _ in 0..PATIENCE.as_millis() {
            if self.try_reap().is_some() {
                return;
            }
            park_timeout(Duration::from_millis(1));
        }
    }
}

/// Wakes the waiting tasks once a child has ended, or is gone. Does not reap the child.
fn watch_in_thread(pid: Pid, waiting: Arc<Waiting>) -> io::Result<()> {
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
        Waker::from(waiting).wake();
    };
    let thread = thread::Builder::new().name(format!("waits for {}", pid.as_raw_nonzero()));
    // The thread ends with the child, even if no task waits for that any more.
    thread.spawn(wait).map(drop)
}

/// A child that is killed and reaped when this is dropped, without blocking a thread that polls tasks.
pub(super) struct Owned<R: Descriptors> {
    child: Arc<Child<R::Source>>,
    run: Option<Arc<Run>>,
    handle: R::Handle,
}

impl<R: Descriptors> Owned<R> {
    pub(super) fn new(
        child: Arc<Child<R::Source>>,
        run: Option<Arc<Run>>,
        handle: R::Handle,
    ) -> Owned<R> {
        Owned { child, run, handle }
    }

    pub(super) fn child(&self) -> &Arc<Child<R::Source>> {
        &self.child
    }
}

impl<R: Descriptors> Drop for Owned<R> {
    fn drop(&mut self) {
        if self.child.try_reap().is_some() {
            return;
        }
        drop(self.child.signal(Signal::KILL));
        let reaper = Reaper {
            child: self.child.clone(),
            waiter: Waiter::default(),
            _owed: self.run.as_ref().and_then(Run::owe),
        };
        let task = TaskInfo {
            name: None,
            location: std::panic::Location::caller(),
        };
        R::spawn(&self.handle, task, reaper);
    }
}

/// Reaps a child that was killed; a run waits for it.
struct Reaper<S: Source> {
    child: Arc<Child<S>>,
    waiter: Waiter,
    _owed: Option<Owed>,
}

impl<S: Source> Future for Reaper<S> {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // After an error, the destructor reaps it.
        this.child.poll_ended(cx, &mut this.waiter).map(drop)
    }
}

impl<S: Source> Drop for Reaper<S> {
    fn drop(&mut self) {
        self.child.reap_blocking();
    }
}
