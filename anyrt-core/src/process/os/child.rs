//! A child of the operating system: the detection of its end, reaping, and signals.
//!
//! | state | entered by | excludes |
//! | --- | --- | --- |
//! | running, or a zombie | the start | |
//! | reaped | the first `try_reap` after the end | signals: the number may have a new owner |
//! | stolen | the first `try_reap` after other code has reaped the child | signals, and a status |

use std::io;
use std::task::Waker;
use std::thread;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal as Os, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::{Spawned, open_pidfd, signal_through};
use crate::loom::{Mutex, lock};
use crate::process::exit::ChildExit;
use crate::runtime::Source;

/// A child of the operating system, until it is reaped.
pub(in crate::process) struct SystemChild<S> {
    pid: Pid,
    /// Whether the child leads a group that is killed with it.
    group: bool,
    reaping: Mutex<Reaping>,
    watch: Watch<S>,
}

struct Reaping {
    child: Spawned,
    ended: Option<ChildExit>,
}

/// The way in which the end is detected.
enum Watch<S> {
    Descriptor(S),
    /// A thread wakes the waiting tasks.
    Thread,
}

impl<S: Source> SystemChild<S> {
    /// Sets up the detection of the end of a child, which wakes `waker`. If that fails, the child is killed and
    /// reaped.
    pub(in crate::process) fn new(
        mut child: Spawned,
        group: bool,
        waker: &Waker,
    ) -> io::Result<SystemChild<S>> {
        let pid = Pid::from_child(&child);
        let mut ended = None;
        let watch = match open_pidfd(pid).map(S::register) {
            Ok(Ok(source)) => Watch::Descriptor(source),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => {
                ended = Some(ChildExit::Stolen);
                Watch::Thread
            }
            Ok(Err(_)) | Err(_) => {
                if let Err(error) = watch_in_thread(pid, waker.clone()) {
                    drop(child.kill());
                    drop(child.wait());
                    return Err(error);
                }
                Watch::Thread
            }
        };
        Ok(SystemChild {
            pid,
            group,
            reaping: Mutex::new(Reaping { child, ended }),
            watch,
        })
    }

    pub(in crate::process) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns the descriptor that reports the end. Without it, a thread wakes the waker.
    pub(in crate::process) fn source(&self) -> Option<&S> {
        match &self.watch {
            Watch::Descriptor(source) => Some(source),
            Watch::Thread => None,
        }
    }

    /// Reaps the child if it has ended. Returns its exit, and whether this call has found the end.
    pub(in crate::process) fn try_reap(&self) -> Option<(ChildExit, bool)> {
        let mut reaping = lock(&self.reaping);
        if let Some(ended) = reaping.ended {
            return Some((ended, false));
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
        Some((ended, true))
    }

    /// Sends the signal with this number to the child, or to its group. Has no effect on a child that has ended.
    pub(in crate::process) fn signal(&self, number: i32) -> io::Result<()> {
        let Some(signal) = Os::from_named_raw(number) else {
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
}

/// Wakes the waiting tasks once a child has ended, or is gone. Does not reap the child.
fn watch_in_thread(pid: Pid, waiting: Waker) -> io::Result<()> {
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
        waiting.wake();
    };
    let thread = thread::Builder::new().name(format!("waits for {}", pid.as_raw_nonzero()));
    // The thread ends with the child, even if no task waits for that any more.
    thread.spawn(wait).map(drop)
}
