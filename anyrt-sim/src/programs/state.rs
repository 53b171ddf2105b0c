//! The state of a program: its status, and the signals that are sent to it.
//!
//! | state | entered by |
//! | --- | --- |
//! | running | the start |
//! | ending | a signal that kills it; the host crashes after the current step |
//! | ended | the host is down: the status is set, once, and the waker of the caller is woken |

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use anyrt_core::signals::Signal;
use anyrt_core::stream::MemoryObjectSendStream;

use crate::host::HostId;
use crate::lock::lock;

/// A program, as a host of a run.
#[derive(Debug)]
pub(crate) struct ProgramState {
    /// Its host, whose number is the process id.
    pub(crate) host: HostId,
    /// The host that has started it.
    pub(crate) parent: HostId,
    signals: MemoryObjectSendStream<Signal>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The exit code, once the function has returned.
    code: i32,
    /// The first signal that kills the program.
    killed_by: Option<Signal>,
    caught: Vec<Signal>,
    status: Option<ExitStatus>,
    /// The waker of the caller, until the end.
    ended: Option<Waker>,
}

/// What a signal does to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Ignore,
    Kill,
    Pause,
    Resume,
}

impl ProgramState {
    pub(super) fn new(
        host: HostId,
        parent: HostId,
        signals: MemoryObjectSendStream<Signal>,
        ended: Waker,
    ) -> Arc<ProgramState> {
        Arc::new(ProgramState {
            host,
            parent,
            signals,
            inner: Mutex::new(Inner {
                code: 0,
                killed_by: None,
                caught: Vec::new(),
                status: None,
                ended: Some(ended),
            }),
        })
    }

    pub(super) fn status(&self) -> Option<ExitStatus> {
        lock(&self.inner).status
    }

    pub(super) fn set_code(&self, code: i32) {
        lock(&self.inner).code = code;
    }

    pub(super) fn catch(&self, signal: Signal) {
        let mut inner = lock(&self.inner);
        if !inner.caught.contains(&signal) {
            inner.caught.push(signal);
        }
    }

    /// Notes a signal, delivers it if it is caught, and returns what else it does.
    pub(super) fn signal(&self, signal: Signal) -> Action {
        let mut inner = lock(&self.inner);
        if inner.status.is_some() {
            return Action::Ignore;
        }
        let is_caught = inner.caught.contains(&signal);
        let action = match signal {
            Signal::CONT => Action::Resume,
            _ if is_caught => Action::Ignore,
            Signal::CHLD | Signal::URG | Signal::WINCH => Action::Ignore,
            Signal::STOP | Signal::TSTP | Signal::TTIN | Signal::TTOU => Action::Pause,
            _ => Action::Kill,
        };
        if action == Action::Kill {
            inner.killed_by.get_or_insert(signal);
        }
        drop(inner);
        if is_caught {
            // Fails only if the program has dropped its end: it ignores the signal.
            drop(self.signals.try_send(signal));
        }
        action
    }

    /// Sets the status, when the host is down, and wakes the caller.
    pub(super) fn finish(&self, has_crashed: bool) {
        let mut inner = lock(&self.inner);
        let raw = if has_crashed {
            inner.killed_by.unwrap_or(Signal::KILL).as_raw()
        } else {
            (inner.code & 0xff) << 8
        };
        inner.status.get_or_insert(ExitStatus::from_raw(raw));
        let ended = inner.ended.take();
        drop(inner);
        if let Some(ended) = ended {
            ended.wake();
        }
    }
}
