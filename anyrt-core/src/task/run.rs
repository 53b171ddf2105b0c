//! One run: from entering the runtime until everything in it has ended.

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll, Wake, Waker};
use std::time::Duration;

use pin_project::pin_project;

use super::block::TaskRecord;
use super::core::GroupCore;
use super::group::{Group, TaskGroup};
use super::handle::TaskHandle;
use super::output::{Ended, TaskOutput};
use super::record::{End, Given};
use super::root::poll_root;
use crate::cancel::{Cancelled, Cause, Limit, Payload};
use crate::context::{self, IN_TASK, RunVars};
use crate::error::{NoRun, RunError};
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, Weak, lock, thread_local};
use crate::runtime::{Enter, Runtime, Spawn};
use crate::thread::{Workers, block_on};
use crate::time::Instant;

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

type Hook = Arc<dyn Fn(Unhandled) + Send + Sync>;

thread_local! {
    /// The run that a worker thread works for.
    static WORKS_FOR: Cell<Option<Arc<Run>>> = const { Cell::new(None) };
}

impl Run {
    /// The run that the caller is part of.
    pub(crate) fn current() -> Option<Arc<Run>> {
        let of_task = context::with_task(|task| task.and_then(|task| task.group().run.clone()));
        of_task.or_else(|| {
            WORKS_FOR.with(|cell| {
                let run = cell.take();
                cell.set(run.clone());
                run
            })
        })
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
        Run::unhandled(
            run,
            Unhandled {
                group: "".into(),
                what: What::Panic(payload),
            },
        );
    }
}

/// An error or a panic that came up where nobody was left to take it (rule C10): its group, or the
/// call that waited for it, was dropped from outside, or a panic took its place.
///
/// `Display` is one line with the group's name.
pub struct Unhandled {
    group: Arc<str>,
    what: What,
}

enum What {
    Error {
        type_name: &'static str,
        error: Option<Box<dyn Any + Send>>,
    },
    Panic(Payload),
}

impl Unhandled {
    pub(crate) fn error(
        group: Arc<str>,
        type_name: &'static str,
        error: Option<Box<dyn Any + Send>>,
    ) -> Unhandled {
        Unhandled {
            group,
            what: What::Error { type_name, error },
        }
    }

    /// The name of the group whose error it is.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Whether it is a panic.
    pub fn is_panic(&self) -> bool {
        matches!(self.what, What::Panic(_))
    }

    /// The error, or what the panic carried. None for errors of groups whose children borrow:
    /// those cannot outlive what they borrow from.
    pub fn into_inner(self) -> Option<Box<dyn Any + Send>> {
        match self.what {
            What::Error { error, .. } => error,
            What::Panic(payload) => Some(payload),
        }
    }
}

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Error { type_name, .. } => {
                write!(
                    f,
                    "an error of type `{type_name}` in the group `{}` was lost",
                    self.group
                )?;
                f.write_str(": the group was dropped, or a panic took its place")
            }
            What::Panic(payload) => {
                let text = payload
                    .downcast_ref::<&str>()
                    .copied()
                    .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                    .unwrap_or("(no text)");
                write!(f, "a panic that nobody was left to take: {text}")
            }
        }
    }
}

impl fmt::Debug for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unhandled")
            .field("group", &self.group)
            .field("panic", &self.is_panic())
            .finish_non_exhaustive()
    }
}

/// Options of a run.
#[derive(Clone)]
#[must_use = "options do nothing until something is run with them"]
pub struct RunOptions {
    name: Option<Arc<str>>,
    hook: Option<Hook>,
    shutdown_limit: Option<Duration>,
}

impl RunOptions {
    /// The defaults: the main task is called `main`, what is unhandled goes to standard error as
    /// one line, and the end has no limit.
    pub fn new() -> RunOptions {
        RunOptions {
            name: None,
            hook: None,
            shutdown_limit: None,
        }
    }

    /// Names the main task.
    pub fn name(mut self, name: impl Into<String>) -> RunOptions {
        self.name = Some(name.into().into());
        self
    }

    /// Gets errors and panics that came up where nobody was left to take them.
    pub fn unhandled(mut self, hook: impl Fn(Unhandled) + Send + Sync + 'static) -> RunOptions {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// How long the run may take to end once its main future has: what is left is then aborted
    /// (rule C12).
    pub fn shutdown_limit(mut self, limit: Duration) -> RunOptions {
        self.shutdown_limit = Some(limit);
        self
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions::new()
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("name", &self.name)
            .field("shutdown_limit", &self.shutdown_limit)
            .finish_non_exhaustive()
    }
}

/// Starts a run: drives `main` to its end, and then waits for everything that it left behind.
///
/// What can be left behind are children of groups that were dropped from outside, which were
/// cancelled then (rule C10).
///
/// # Errors
///
/// [`RunError`] if this thread is part of a run already, or if the runtime cannot be started.
///
/// # Panics
///
/// With the panic of `main`, or of a task that it left behind.
#[track_caller]
pub fn run<B: Enter, F: Future>(
    backend: &B,
    options: RunOptions,
    main: F,
) -> Result<F::Output, RunError> {
    if context::surroundings().has(IN_TASK) {
        return Err(RunError::nested());
    }
    let main = MainFuture::<B::Runtime, F> {
        options,
        location: Location::caller(),
        main: Some(main),
        state: None,
        timer: Limit::new(),
    };
    backend.block_on(main).map_err(RunError::start)
}

#[pin_project]
struct MainFuture<R: Runtime, F: Future> {
    options: RunOptions,
    location: &'static Location<'static>,
    #[pin]
    main: Option<F>,
    state: Option<MainState<R, F::Output>>,
    #[pin]
    timer: Limit<R>,
}

/// Lets the main task be polled when something has woken it, and only then.
///
/// Executors that poll their main future whenever anything happens on its thread would otherwise
/// make a waiting task look busy.
struct Gate {
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Gate {
    /// Whether the main task was woken since the last call; what comes later wakes `outer`.
    fn pass(&self, outer: &Waker) -> bool {
        let same = matches!(&*lock(&self.outer), Some(known) if known.will_wake(outer));
        if !same {
            let new = outer.clone();
            let old = lock(&self.outer).replace(new);
            drop(old);
        }
        // After the waker is in place: a wake-up is seen here, or reaches it.
        self.woken.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let outer = lock(&self.outer).clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

struct MainState<R: Spawn, T> {
    gate: Arc<Gate>,
    group: Arc<Group<R, Infallible>>,
    run: Arc<Run>,
    record: Option<TaskRecord>,
    ended: Option<Ended<T>>,
    abort_at: Instant,
}

impl<R: Spawn, T> Drop for MainState<R, T> {
    fn drop(&mut self) {
        self.run.workers.close();
    }
}

impl<R: Runtime, T> MainState<R, T> {
    fn open(options: &RunOptions, location: &'static Location<'static>) -> Self {
        let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
        let run = Arc::new(Run {
            id: context::next_serial(),
            backend: R::name(&runtime),
            hook: options.hook.clone(),
            vars: RunVars::default(),
            workers: Workers::default(),
            group: OnceLock::new(),
            core: OnceLock::new(),
        });
        let core = GroupCore::of_run(R::now, location, R::tag(&runtime), run.clone());
        let group = Group::<R, Infallible>::new(core.clone(), runtime, None);
        let erased: Arc<dyn Any + Send + Sync> = group.clone();
        // Set once, here.
        let _ = run.group.set(Arc::downgrade(&erased));
        let _ = run.core.set(Arc::downgrade(&core));
        let name = options.name.clone().unwrap_or_else(|| "main".into());
        // The main task is listed under the run's own group, and counts for nothing in it.
        let mut given = Given::at(location);
        given.name = Some(name);
        let record = core.insert(|| None, given);
        let gate = Gate {
            woken: AtomicBool::new(true),
            outer: Mutex::new(None),
        };
        MainState {
            gate: Arc::new(gate),
            group,
            run,
            record: Some(record),
            ended: None,
            abort_at: Instant::FAR_FUTURE,
        }
    }
}

impl<R: Runtime, F: Future> Future for MainFuture<R, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let state = this
            .state
            .get_or_insert_with(|| MainState::open(this.options, this.location));
        let core = state.group.core().clone();
        if state.ended.is_none() {
            if !state.gate.pass(cx.waker()) {
                return Poll::Pending;
            }
            let waker = Waker::from(state.gate.clone());
            let cx = &mut task::Context::from_waker(&waker);
            let polled = poll_root(this.main.as_mut(), &mut state.record, cx);
            let Poll::Ready(ended) = polled else {
                return Poll::Pending;
            };
            state.ended = Some(ended);
            if let Some(record) = state.record.take() {
                record.finish(End::Finished, None);
                core.remove(&record);
            }
            // What was spawned through a handle of the run ends with it.
            core.cancel(Cancelled::new(Cause::Enclosing));
            if let Some(limit) = this.options.shutdown_limit {
                state.abort_at = R::now() + limit;
            }
        }
        loop {
            if core.try_end() {
                break;
            }
            let limit = this.timer.as_mut();
            if !core.node.is_aborted() && limit.poll(cx, state.abort_at).is_ready() {
                core.node.abort(Cancelled::new(Cause::Enclosing));
                continue;
            }
            core.node.register(cx);
            if core.living() > 0 {
                return Poll::Pending;
            }
        }
        let adopted = core.panic();
        match (state.ended.take(), adopted) {
            (Some(Ended::Panicked(payload)), adopted) => {
                if let Some(adopted) = adopted {
                    Run::unhandled_panic(Some(&state.run), adopted);
                }
                resume_unwind(payload)
            }
            (_, Some(payload)) => resume_unwind(payload),
            (Some(Ended::Completed(value)), None) => Poll::Ready(value),
            (Some(Ended::Cancelled) | None, None) => {
                unreachable!("nothing cancels the main task before its end")
            }
        }
    }
}

/// Identifies a run: equal within it, different from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunToken(u64);

/// The run that the caller is part of; none outside of every run.
pub fn current_run() -> Option<RunToken> {
    Run::current().map(|run| RunToken(run.id))
}

/// The name of the runtime of the run that the caller is part of, such as `"tokio"`.
pub fn current_backend() -> Option<&'static str> {
    Run::current().map(|run| run.backend)
}

/// Re-enters a run from a foreign thread.
///
/// What is spawned through it belongs to the run as a whole, and is cancelled when the run's main
/// future ends.
pub struct RunHandle<R: Spawn> {
    run: Arc<Run>,
    group: Weak<Group<R, Infallible>>,
}

impl<R: Runtime> RunHandle<R> {
    /// The handle of the run that the caller is part of.
    ///
    /// # Errors
    ///
    /// [`NoRun`] outside of every run, and in an application that entered its runtime without
    /// anyrt.
    pub fn current() -> Result<RunHandle<R>, NoRun> {
        let run = Run::current().ok_or_else(NoRun::outside)?;
        let group = run
            .group
            .get()
            .and_then(Weak::upgrade)
            .ok_or_else(NoRun::ended)?;
        let group = group.downcast::<Group<R, Infallible>>();
        let group = Arc::downgrade(&group.map_err(|_| NoRun::outside())?);
        Ok(RunHandle { run, group })
    }

    /// Which run it is.
    pub fn token(&self) -> RunToken {
        RunToken(self.run.id)
    }

    /// Starts a task in the run, from any thread, with the context of the caller.
    ///
    /// # Errors
    ///
    /// [`NoRun`] if the run has ended; the future is then dropped.
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Result<TaskHandle<T>, NoRun>
    where
        F: Future + Send + 'static,
        F::Output: TaskOutput<Infallible, Value = T> + 'static,
        T: Send + 'static,
    {
        let group = self.group.upgrade().ok_or_else(NoRun::ended)?;
        TaskGroup::of(group)
            .try_spawn(future)
            .map_err(|_| NoRun::ended())
    }

    /// Runs a future in the run, and blocks this thread until it has ended.
    ///
    /// # Blocking
    ///
    /// For worker threads and foreign threads.
    ///
    /// # Errors
    ///
    /// [`NoRun`] if the run has ended, or ends meanwhile; and if this thread polls a task of the
    /// run, which would wait for itself.
    ///
    /// # Panics
    ///
    /// With the panic of the future.
    #[track_caller]
    pub fn block_on<F>(&self, future: F) -> Result<F::Output, NoRun>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if context::surroundings().has(IN_TASK) {
            return Err(NoRun::inside());
        }
        let caught = async move {
            let future = std::panic::AssertUnwindSafe(future);
            Ok(futures_util::FutureExt::catch_unwind(future).await)
        };
        match block_on(self.spawn(caught)?) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => Err(NoRun::ended()),
        }
    }
}

impl<R: Spawn> Clone for RunHandle<R> {
    fn clone(&self) -> Self {
        RunHandle {
            run: self.run.clone(),
            group: self.group.clone(),
        }
    }
}

impl<R: Spawn> fmt::Debug for RunHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("run", &self.run.id)
            .field("backend", &self.run.backend)
            .finish()
    }
}
