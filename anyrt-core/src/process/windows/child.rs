//! A child of the operating system: the detection of its end, and killing it.
//!
//! A thread waits for the end, closes the job of the group, which kills the rest of it, and wakes the waiting tasks.
//! `shared_child` lets other threads kill the child meanwhile. On Windows nothing has to be reaped: the process id
//! stays in use while a handle of the process is open.

use std::io;
use std::marker::PhantomData;
use std::task::Waker;
use std::thread;

use shared_child::SharedChild;
use win32job::Job;

use super::group::Spawned;
use crate::loom::{Arc, Mutex, lock};
use crate::process::exit::ChildExit;
use crate::process::numbers::KILL;

/// A child of the operating system.
pub(in crate::process) struct SystemChild<S> {
    shared: Arc<Shared>,
    source: PhantomData<fn() -> S>,
}

/// What the thread that waits uses too.
struct Shared {
    child: SharedChild,
    /// The job of a group, until it is closed.
    job: Mutex<Option<Job>>,
    ended: Mutex<Option<ChildExit>>,
}

impl Shared {
    /// Kills the rest of the group (rule P21).
    fn end_group(&self) {
        let job = lock(&self.job).take();
        drop(job);
    }
}

impl<S> SystemChild<S> {
    /// Starts the thread that waits for the end of a child, and wakes `waker` then. If that fails, the child is killed.
    pub(in crate::process) fn new(
        Spawned { child, job }: Spawned,
        _group: bool,
        waker: &Waker,
    ) -> io::Result<SystemChild<S>> {
        let shared = Arc::new(Shared {
            child,
            job: Mutex::new(job),
            ended: Mutex::new(None),
        });
        let (waiting, waker) = (shared.clone(), waker.clone());
        let wait = move || {
            // An error is found by `try_reap` too.
            drop(waiting.child.wait());
            waiting.end_group();
            waker.wake();
        };
        let thread = thread::Builder::new().name(format!("waits for {}", shared.child.id()));
        // The thread ends with the child, even if no task waits for that any more.
        if let Err(error) = thread.spawn(wait) {
            drop(shared.child.kill());
            return Err(error);
        }
        Ok(SystemChild {
            shared,
            source: PhantomData,
        })
    }

    pub(in crate::process) fn id(&self) -> u32 {
        self.shared.child.id()
    }

    /// Returns nothing: a thread wakes the waker.
    pub(in crate::process) fn source(&self) -> Option<&S> {
        None
    }

    /// Returns the exit of the child if it has ended, and whether this call has found the end.
    pub(in crate::process) fn try_reap(&self) -> Option<(ChildExit, bool)> {
        let mut ended = lock(&self.shared.ended);
        if let Some(ended) = *ended {
            return Some((ended, false));
        }
        let exit = match self.shared.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => ChildExit::Status(status),
            Err(_) => ChildExit::Stolen,
        };
        self.shared.end_group();
        *ended = Some(exit);
        Some((exit, true))
    }

    /// Kills the child, and its group, if the number is that of [`KILL`]. Has no effect on a child that has ended.
    pub(in crate::process) fn signal(&self, number: i32) -> io::Result<()> {
        if number != KILL {
            return Err(io::ErrorKind::Unsupported.into());
        }
        if lock(&self.shared.ended).is_some() {
            return Ok(());
        }
        // First, since closing the job would make it end with the status 0.
        let killed = self.shared.child.kill();
        self.shared.end_group();
        killed
    }
}
