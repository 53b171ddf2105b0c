//! The place in the tree where a plan is carried out: its areas, scopes and catcher.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyrt_core::cancel::CancelHandle;
use futures_util::future::BoxFuture;

use super::Outcome;
use crate::stress::ledger::{Area, Catcher, Ledger};

/// The place in the tree where a plan is carried out.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) seed: u64,
    pub(super) ledger: Arc<Ledger>,
    /// The function that spawns a task into the group around the tree.
    pub(super) spawn: Arc<dyn Fn(BoxFuture<'static, Outcome>) + Send + Sync>,
    /// The number of the last task.
    pub(super) tasks: Arc<AtomicU64>,
    pub(super) task: u64,
    pub(super) areas: Vec<Arc<Area>>,
    pub(super) catcher: Arc<Catcher>,
    /// The enclosing scopes, the outermost first.
    pub(super) scopes: Vec<Target>,
    pub(super) abortable: Vec<(CancelHandle, Arc<Area>)>,
    /// The number of outermost scopes that have no effect here: a shield or a task's root is in between.
    pub(super) visible: usize,
    /// Whether an enclosing future may be dropped from outside, or aborted.
    pub(super) lossy: bool,
    /// Whether the future that this is part of may be forgotten, so that nothing in it is ever dropped.
    pub(super) forgotten: bool,
    /// Whether the future that this is part of is polled in several places.
    pub(super) carried: bool,
    /// Whether the errors here belong to a group of borrowing children.
    pub(super) borrowed: bool,
}

/// A scope that can be cancelled from inside.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) handle: CancelHandle,
    /// Set when the scope's own task has cancelled it.
    pub(super) mark: Arc<AtomicBool>,
    pub(super) task: u64,
}

impl Place {
    pub(super) fn area(&self, what: &'static str, adopts: bool) -> Arc<Area> {
        Area::new(what, self.seed, &self.ledger, adopts, self.lossy)
    }

    pub(super) fn within(mut self, handle: CancelHandle, area: &Arc<Area>) -> Place {
        self.scopes.push(Target {
            handle,
            mark: Arc::default(),
            task: self.task,
        });
        self.areas.push(area.clone());
        self
    }

    pub(super) fn shielded(mut self) -> Place {
        self.visible = self.scopes.len();
        self
    }

    /// Returns the place of a new task. A task inside the host's task is forgotten with it; others are not.
    pub(super) fn in_new_task(mut self, in_place: bool) -> Place {
        self.task = self.tasks.fetch_add(1, Ordering::SeqCst) + 1;
        self.forgotten &= in_place;
        self.carried &= in_place;
        self.shielded()
    }

    /// Returns the place of a future that is moved to a new task and driven to its end there: of all
    /// enclosing areas, only the tree waits. If the future was cancelled where it was before, it may end
    /// half-way.
    pub(super) fn carried_away(mut self) -> Place {
        self.task = self.tasks.fetch_add(1, Ordering::SeqCst) + 1;
        self.areas.truncate(1);
        self.carried = true;
        self.lossy = true;
        self.shielded()
    }

    /// Returns the areas that count values that are dropped with the future here: none if the future may be
    /// forgotten.
    pub(super) fn counted(&self) -> &[Arc<Area>] {
        if self.forgotten { &[] } else { &self.areas }
    }

    /// Returns the place below a future that may be dropped, where only groups wait for tasks.
    pub(super) fn losing(mut self) -> Place {
        self.lossy = true;
        self.areas.retain(|area| area.adopts);
        self
    }

    pub(super) fn caught_by(mut self, catcher: &Arc<Catcher>) -> Place {
        self.catcher = catcher.clone();
        self.borrowed = false;
        self
    }

    pub(super) fn cancel(&self, outwards: usize) {
        let Some(target) = self.scopes.iter().rev().nth(outwards) else {
            return;
        };
        target.handle.cancel();
        if target.task == self.task {
            target.mark.store(true, Ordering::SeqCst);
        }
    }

    /// Returns whether this very task has cancelled an enclosing scope, so that no operation may pass.
    pub(super) fn refused(&self) -> bool {
        self.scopes[self.visible..]
            .iter()
            .any(|target| target.mark.load(Ordering::SeqCst))
    }

    /// Awaits an operation, and records a violation if it passes where it must be refused.
    pub(super) async fn operation<T>(&self, name: &str, operation: impl Future<Output = T>) -> T {
        let refused = self.refused();
        let value = operation.await;
        if refused {
            let what = format!("seed {}: {name} passed in a cancelled scope", self.seed);
            self.ledger.violation(what);
        }
        value
    }
}
