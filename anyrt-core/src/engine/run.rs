//! The state shared by all tasks of a run, and the runs that a thread drives.

use std::any::Any;
use std::cell::RefCell;
use std::time::Duration;

use crate::engine::{
    Alarms, AtEnd, ContextMap, GroupState, Unhandled, WaitDetails, Workers, trace,
};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock, thread_local};
use crate::unwind::Payload;

/// The values of a run's variables.
#[derive(Default)]
pub(crate) struct RunVars(pub(crate) Mutex<ContextMap>);

/// The state shared by all tasks of a run.
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) backend: &'static str,
    pub(crate) hook: Option<Hook>,
    pub(crate) stranded_after: Option<Duration>,
    pub(crate) vars: RunVars,
    pub(crate) workers: Workers,
    pub(crate) alarms: Alarms,
    pub(crate) at_end: AtEnd,
    pub(crate) debts: Mutex<Debts>,
    pub(crate) wait_details: WaitDetails,
    /// The run's own group, for handles: a `Weak<Group<R, Infallible>>`.
    pub(crate) group: OnceLock<Weak<dyn Any + Send + Sync>>,
    /// The state of the same group.
    pub(crate) core: OnceLock<Weak<GroupState>>,
}

/// The function passed to [`RunOptions::unhandled`].
pub(crate) type Hook = Arc<dyn Fn(Unhandled) + Send + Sync>;

/// The functions on worker threads whose callers are gone (rule C10). Each counts as a child of the run's own
/// group, so that the run ends after them. All changes are made under one lock, so each child is counted out
/// once: by its [`Owed`], or by `forgive_debts`.
#[derive(Default)]
pub(crate) struct Debts {
    /// The number that is counted there.
    count: usize,
    /// The run was aborted: it no longer waits for any of them (rule C12).
    forgiven: bool,
}

/// A function on a worker thread that the end of its run waits for, until this is dropped.
pub(crate) struct Owed {
    run: Arc<Run>,
    core: Arc<GroupState>,
}

impl Drop for Owed {
    fn drop(&mut self) {
        let mut debts = lock(&self.run.debts);
        if debts.forgiven {
            return;
        }
        debts.count -= 1;
        // Without the lock: the last child that leaves wakes the host of the group.
        drop(debts);
        self.core.leave();
    }
}

/// A run whose runtime a thread has entered.
struct Driven {
    id: u64,
    /// The run's own group, once the run has begun on the same thread.
    core: Weak<GroupState>,
}

thread_local! {
    /// The runs whose runtime this thread has entered, outermost first. On some runtimes the thread polls any
    /// task meanwhile, including foreign ones.
    static DRIVES: RefCell<Vec<Driven>> = const { RefCell::new(Vec::new()) };
}

impl Run {
    /// Runs `f`, which enters the runtime for the run with this id and polls its tasks.
    pub(crate) fn drive<T>(id: u64, f: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                let left = DRIVES.with_borrow_mut(|runs| runs.pop());
                drop(left);
            }
        }
        let core = Weak::new();
        DRIVES.with_borrow_mut(|runs| runs.push(Driven { id, core }));
        let _leave = Leave;
        f()
    }

    /// Returns whether this thread has entered the run's runtime. If so, the run stands still while the
    /// thread is blocked.
    pub(crate) fn is_driven_here(&self) -> bool {
        // A thread whose locals are being destroyed has left every runtime.
        let driven = DRIVES.try_with(|runs| runs.borrow().iter().any(|run| run.id == self.id));
        driven.unwrap_or(false)
    }

    /// Notes that a run has begun on this thread, which may have entered the runtime for it.
    pub(crate) fn note_begun(&self, core: &Arc<GroupState>) {
        DRIVES.with_borrow_mut(|runs| {
            if let Some(run) = runs.iter_mut().find(|run| run.id == self.id) {
                run.core = Arc::downgrade(core);
            }
        });
    }

    /// Returns the own group of the innermost run whose runtime this thread has entered.
    pub(crate) fn entered_core() -> Option<Arc<GroupState>> {
        let core = DRIVES.try_with(|runs| runs.borrow().last().map(|run| run.core.clone()));
        core.ok().flatten()?.upgrade()
    }

    /// Returns whether this thread has entered the runtime of any run.
    pub(crate) fn drives_any() -> bool {
        let drives = DRIVES.try_with(|runs| !runs.borrow().is_empty());
        drives.unwrap_or(false)
    }

    pub(crate) fn core(&self) -> Option<Arc<GroupState>> {
        self.core.get()?.upgrade()
    }

    /// Makes the end of the run wait for a function on a worker thread. Returns `None` if the run has ended
    /// or was aborted.
    pub(crate) fn owe(self: &Arc<Self>) -> Option<Owed> {
        let core = self.core()?;
        let mut debts = lock(&self.debts);
        // Counted in under the lock, so that `forgive_debts` finds in `count` all children that it has to
        // count out.
        if debts.forgiven || !core.enter() {
            return None;
        }
        debts.count += 1;
        drop(debts);
        let run = self.clone();
        Some(Owed { run, core })
    }

    /// Stops waiting for functions on worker threads whose callers are gone.
    pub(crate) fn forgive_debts(&self, core: &GroupState) {
        let mut debts = lock(&self.debts);
        // From now on, an `Owed` that is dropped counts nothing out.
        debts.forgiven = true;
        let count = std::mem::take(&mut debts.count);
        drop(debts);
        for _ in 0..count {
            core.leave();
        }
    }

    /// Passes an error or a panic without a receiver to the run's hook, or prints it.
    pub(crate) fn unhandled(run: Option<&Run>, what: Unhandled) {
        trace::unhandled(&what);
        match run.and_then(|run| run.hook.as_deref()) {
            Some(hook) => hook(what),
            None => eprintln!("anyrt: {what}"),
        }
    }

    pub(crate) fn unhandled_panic(run: Option<&Run>, payload: Payload) {
        Run::unhandled(run, Unhandled::panic(payload));
    }
}
