//! The end of a child: waiting for it, reaping, signals.
//!
//! A child is one of the operating system, or a program of the runtime's [`ProgramHost`].
//!
//! A reactor keeps one waker for a descriptor. So all waiting tasks are in a list, and the reactor, or the
//! host of the program, gets a waker that wakes all of them (rule P16).
//!
//! [`ProgramHost`]: crate::runtime::ProgramHost

use std::io;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use slab::Slab;

use super::exit::ChildExit;
use super::numbers::KILL;
use super::os::{Spawned, SystemChild};
use crate::engine::{Owed, Run, Wait, poll_state};
use crate::loom::thread::park_timeout;
use crate::loom::{Arc, Mutex, lock};
use crate::runtime::{Attempt, Direction, RunningProgram, Source};
use crate::runtime::{Descriptors, TaskInfo};
use crate::wake::wake_all;

/// The time that a destructor waits for a killed child where no task can.
const PATIENCE: Duration = Duration::from_secs(1);

/// A child process, until it is reaped.
pub(super) struct Child<S> {
    kind: Kind<S>,
    waiting: Arc<Waiting>,
    /// A waker for all waiting tasks.
    waker: Waker,
}

enum Kind<S> {
    System(SystemChild<S>),
    Program(Box<dyn RunningProgram>),
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
    pub(super) fn new(child: Spawned, group: bool) -> io::Result<Arc<Child<S>>> {
        Child::start(|waker| Ok(Kind::System(SystemChild::new(child, group, &waker)?)))
    }

    /// Starts a program of the runtime. `start` gets the waker to wake at the end of the program.
    pub(super) fn of_program(
        start: impl FnOnce(Waker) -> io::Result<Box<dyn RunningProgram>>,
    ) -> io::Result<Arc<Child<S>>> {
        Child::start(|waker| Ok(Kind::Program(start(waker)?)))
    }

    fn start(kind: impl FnOnce(Waker) -> io::Result<Kind<S>>) -> io::Result<Arc<Child<S>>> {
        let waiting = Arc::<Waiting>::default();
        let waker = Waker::from(waiting.clone());
        Ok(Arc::new(Child {
            kind: kind(waker.clone())?,
            waiting,
            waker,
        }))
    }

    pub(super) fn id(&self) -> u32 {
        match &self.kind {
            Kind::System(child) => child.id(),
            Kind::Program(program) => program.id(),
        }
    }

    /// Reaps the child if it has ended. The first call that finds the end wakes all waiting tasks.
    pub(super) fn try_reap(&self) -> Option<ChildExit> {
        match &self.kind {
            Kind::System(child) => {
                let (ended, is_new) = child.try_reap()?;
                if is_new {
                    self.waker.wake_by_ref();
                }
                Some(ended)
            }
            // Its host wakes them.
            Kind::Program(program) => program.status().map(ChildExit::Status),
        }
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
        let source = match &self.kind {
            Kind::System(child) => child.source(),
            Kind::Program(_) => None,
        };
        let polled = match source {
            None => Poll::Pending,
            Some(source) => {
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

    /// Sends the signal with this number to the child, or to its group. Has no effect on a child that has ended.
    /// Windows has [`KILL`] alone.
    pub(super) fn signal(&self, number: i32) -> io::Result<()> {
        match &self.kind {
            Kind::System(child) => child.signal(number),
            Kind::Program(program) => program.signal(number),
        }
    }

    /// Blocks until a killed child has ended, and reaps it; gives up after a while.
    fn reap_blocking(&self) {
        if let Kind::Program(_) = self.kind {
            // Its host ends it without this thread, and may need this thread for that.
            return;
        }
        for _ in 0..PATIENCE.as_millis() {
            if self.try_reap().is_some() {
                return;
            }
            park_timeout(Duration::from_millis(1));
        }
    }
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
        drop(self.child.signal(KILL));
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
