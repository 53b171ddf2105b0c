//! The workers of a runtime that are idle or waking, and the queue of jobs for them.

use std::any::TypeId;
use std::collections::VecDeque;

use super::job::Job;
use super::worker_state::WorkerState;
use crate::runtime::Unparker;

/// The number of idle workers that a run keeps for each runtime. Others return to the runtime's pool, which
/// ends them when they have been idle for long.
const KEPT: usize = 16;

#[derive(Default)]
pub(super) struct State {
    /// The pools, one for each runtime; nearly always one.
    pub(super) pools: Vec<Pool>,
    /// `true` when the run has ended: no worker becomes idle any more.
    pub(super) closed: bool,
}

/// The workers of one runtime, which is entered on their threads, and the jobs that need it.
pub(super) struct Pool {
    runtime: TypeId,
    pub(super) queue: VecDeque<Box<dyn Job>>,
    /// The idle workers. The one that became idle last is called first.
    pub(super) idle: Vec<Unparker>,
    /// The workers on their way to the queue.
    pub(super) waking: Vec<Unparker>,
}

impl State {
    pub(super) fn pool(&mut self, runtime: TypeId) -> &mut Pool {
        let at = self.pools.iter().position(|pool| pool.runtime == runtime);
        let at = at.unwrap_or_else(|| {
            self.pools.push(Pool {
                runtime,
                queue: VecDeque::new(),
                idle: Vec::new(),
                waking: Vec::new(),
            });
            self.pools.len() - 1
        });
        &mut self.pools[at]
    }

    /// Makes the worker idle. Returns false if it is not needed.
    pub(super) fn go_idle(&mut self, worker: &WorkerState) -> bool {
        let closed = self.closed;
        let pool = self.pool(worker.runtime);
        let sits = !closed && pool.idle.len() < KEPT;
        if sits {
            pool.idle.push(worker.thread.clone());
        }
        sits
    }
}

impl Pool {
    /// Returns whether there are more workers for the queue than jobs in it.
    pub(super) fn has_spare(&self) -> bool {
        self.queue.len() < self.idle.len() + self.waking.len()
    }

    /// Picks a worker to wake, so that one more is on its way to the queue. Returns `None` if there are
    /// `most` already, or as many as jobs.
    pub(super) fn call(&mut self, most: usize) -> Option<Unparker> {
        if self.waking.len() >= self.queue.len().min(most) {
            return None;
        }
        let next = self.idle.pop()?;
        self.waking.push(next.clone());
        Some(next)
    }

    pub(super) fn is_idle(&self, worker: &WorkerState) -> bool {
        position(&self.idle, worker).is_some()
    }

    /// Removes the worker from both lists: it is neither idle nor waking any more.
    pub(super) fn leave_idle(&mut self, worker: &WorkerState) {
        for list in [&mut self.waking, &mut self.idle] {
            if let Some(at) = position(list, worker) {
                list.remove(at);
            }
        }
    }
}

fn position(list: &[Unparker], worker: &WorkerState) -> Option<usize> {
    list.iter().rposition(|other| *other == worker.thread)
}
