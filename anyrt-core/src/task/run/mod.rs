//! One run: from entering the runtime until everything in it has ended.

mod handle;
mod main;
mod options;

use std::any::Any;
use std::cell::Cell;

pub use self::handle::RunHandle;
pub use self::main::run;
pub use self::options::{RunOptions, Unhandled};
use super::core::GroupCore;
use crate::cancel::Payload;
use crate::context::{self, RunVars};
use crate::loom::{Arc, OnceLock, Weak, thread_local};
use crate::thread::Workers;

/// What all tasks of a run share.
pub(crate) struct Run {
    id: u64,
    backend: &'static str,
    hook: Option<Hook>,
    pub(crate) vars: RunVars,
    pub(crate) workers: Workers,
    /// The group of everything, for handles: a `Weak<Group<R, Infallible>>`.
    group: OnceLock<Weak<dyn Any + Send + Sync>>,
    core: OnceLock<Weak<GroupCore>>,
}

/// What [`RunOptions::unhandled`] was given.
type Hook = Arc<dyn Fn(Unhandled) + Send + Sync>;

thread_local! {
    /// The run that a worker thread works for.
    static WORKS_FOR: Cell<Option<Arc<Run>>> = const { Cell::new(None) };
}

impl Run {
    /// The run that the caller is part of.
    pub(crate) fn current() -> Option<Arc<Run>> {
        Run::of_task().or_else(|| {
            WORKS_FOR.with(|cell| {
                let run = cell.take();
                cell.set(run.clone());
                run
            })
        })
    }

    /// The run of the task that is being polled.
    fn of_task() -> Option<Arc<Run>> {
        context::with_task(|task| task.and_then(|task| task.group().run.clone()))
    }

    /// Runs `f` as part of a run, on a thread of its own.
    pub(crate) fn work_for<T>(run: Option<Arc<Run>>, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<Run>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                WORKS_FOR.with(|cell| cell.set(self.0.take()));
            }
        }
        let _restore = Restore(WORKS_FOR.with(|cell| cell.replace(run)));
        f()
    }

    pub(crate) fn core(&self) -> Option<Arc<GroupCore>> {
        self.core.get()?.upgrade()
    }

    /// Hands over an error or a panic that nobody is left to take.
    pub(crate) fn unhandled(run: Option<&Run>, what: Unhandled) {
        match run.and_then(|run| run.hook.as_deref()) {
            Some(hook) => hook(what),
            None => eprintln!("anyrt: {what}"),
        }
    }

    pub(crate) fn unhandled_panic(run: Option<&Run>, payload: Payload) {
        Run::unhandled(run, Unhandled::panic(payload));
    }
}

/// Identifies a run: equal within it, different from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunToken(u64);

/// The run that the caller is part of; none outside of every run.
pub fn current_run() -> Option<RunToken> {
    Run::current().map(|run| RunToken(run.id))
}

/// The name of the runtime that polls the current task, such as `"tokio"`; none outside of every
/// run, and on worker threads, whose code may block.
pub fn current_backend() -> Option<&'static str> {
    Run::of_task().map(|run| run.backend)
}
