//! The main task of a run. The thread that enters the runtime polls it, or the executor that a backend gives
//! the run to.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll, Wake, Waker};

use pin_project::{pin_project, pinned_drop};

use super::RunOptions;
use crate::engine::clock::Clock;
use crate::engine::poll_state::IN_TASK;
use crate::engine::{
    Alarms, AtEnd, Cancelled, Cause, Debts, Ended, GroupState, LazyTimer, Root, Run, RunVars,
    SpawnArgs, TaskEnd, TaskRecord, WaitDetails, Workers, finish_main, poll_state,
};
use crate::error::RunError;
use crate::instant::Instant;
use crate::loom::atomic::{AtomicBool, Ordering};
use crate::loom::{Arc, Mutex, OnceLock, lock};
use crate::role;
use crate::runtime::{Enter, Runtime, Spawn};
use crate::task::group::Group;
use crate::wake::{WakerSlot, poll_locked};

/// Starts a run: drives `main` to its end, and then waits for all tasks that it left behind.
///
/// These are children of groups that were dropped from outside, and thereby cancelled (rule
/// [C10](crate::rules#c10)).
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
    role::check_before_run();
    if poll_state::surroundings().has(IN_TASK) {
        return Err(RunError::nested());
    }
    let main = MainFuture::<B::Runtime, F>::new(options, Location::caller(), main);
    match Run::drive(main.id, || backend.block_on(main)) {
        Ok(ended) => ended,
        Err(error) => Err(RunError::start(error)),
    }
}

/// Returns a run as a future, which does all that [`run`] does inside the runtime. For backends that drive
/// several runs at once, such as the hosts of a simulation.
///
/// The run begins with the first poll, on a thread where [`Spawn::current`] succeeds. It must be polled by a
/// native task of the runtime, or by its main future, not by a task of a run. All runs of a runtime share its
/// threads and its clock, and nothing else.
///
/// Native tasks of the runtime must not block their thread for one of its runs, with `from_thread` or a handle
/// of the run: on [`run`]'s own thread that is refused, but here it is not noticed.
///
/// # Cancel safety
///
/// Dropping the future before it is ready crashes the run:
///
/// 1. The main future is dropped at once, inside its task, with all children that it polls in place. A panic
///    of its destructors is reported as unhandled.
/// 2. All other tasks of the run are aborted: the runtime polls each once more, which drops its future without
///    further clean-up. Shields and `finally` do not delay that.
/// 3. Functions on worker threads continue, since they cannot be interrupted; `check_cancelled` returns an
///    error in them. Idle workers end. Threads that wait for a task of the run get an error.
/// 4. Tasks that are spawned through a handle of the run are refused, or aborted while others remain.
///
/// The drop itself waits for none of this. The runtime must continue to poll its tasks, or drop them.
///
/// # Errors
///
/// [`RunError`] if it is polled by a task of a run.
///
/// # Panics
///
/// With the panic of `main`, or of a task that it left behind. Also if its first poll is not inside the
/// runtime.
#[track_caller]
pub fn run_future<R: Runtime, F: Future>(
    options: RunOptions,
    main: F,
) -> impl Future<Output = Result<F::Output, RunError>> {
    role::check_before_run();
    MainFuture::<R, F>::new(options, Location::caller(), main)
}

/// The future of a run. It polls the main task whenever that is woken. When the task has ended, it cancels the
/// rest, and waits until the run's group is empty or the shutdown limit has passed. It carries out alarms
/// throughout.
#[pin_project(PinnedDrop)]
struct MainFuture<R: Runtime, F: Future> {
    id: u64,
    options: RunOptions,
    location: &'static Location<'static>,
    #[pin]
    main: Root<F>,
    state: Option<MainState<R, F::Output>>,
    /// The limit for the remaining tasks after `main` has ended.
    #[pin]
    timer: LazyTimer<R>,
    /// The timer for the alarms of the run's groups.
    #[pin]
    alarm: LazyTimer<R>,
}

impl<R: Runtime, F: Future> MainFuture<R, F> {
    fn new(options: RunOptions, location: &'static Location<'static>, main: F) -> Self {
        MainFuture {
            id: poll_state::number_in_process(),
            options,
            location,
            main: Root::new(main),
            state: None,
            timer: LazyTimer::new(),
            alarm: LazyTimer::new(),
        }
    }
}

/// A gate that polls the main task only after it was woken.
///
/// Some executors poll their main future at any event on its thread, which would make a waiting task look
/// busy.
struct Gate {
    /// Set by wake-ups, before they take `outer`; taken by `pass`, after it has stored `outer`. The lock of
    /// `outer` orders the two: a wake-up is seen by `pass`, or finds the waker.
    woken: AtomicBool,
    /// The waker of the polling executor. Empty after a wake-up, until the next poll.
    outer: Mutex<WakerSlot>,
}

impl Gate {
    /// Returns whether the main task was woken since the last call. Later wake-ups wake `outer`.
    fn pass(&self, outer: &Waker) -> bool {
        let _: Poll<Infallible> = poll_locked(&self.outer, outer, |slot| Err(slot));
        // Read after the waker is stored: a wake-up is seen here, or reaches the waker.
        self.woken.swap(false, Ordering::SeqCst)
    }
}

impl Gate {
    fn wake_outer(&self) {
        let outer = lock(&self.outer).take();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.wake_outer();
    }
}

/// A waker for the run's alarms: wakes the executor, but not the main task.
struct Around(Arc<Gate>);

impl Wake for Around {
    fn wake(self: Arc<Self>) {
        self.0.wake_outer();
    }
}

/// The state of a run that has been opened.
struct MainState<R: Spawn, T> {
    gate: Arc<Gate>,
    group: Arc<Group<R, Infallible>>,
    run: Arc<Run>,
    ended: Option<Ended<T>>,
    abort_at: Instant,
}

impl<R: Spawn, T> Drop for MainState<R, T> {
    fn drop(&mut self) {
        self.run.at_end.carry_out();
        self.run.workers.close();
    }
}

impl<R: Runtime, T> MainState<R, T> {
    /// Opens the run. Returns the record of the main task as well.
    fn open(
        id: u64,
        options: &RunOptions,
        location: &'static Location<'static>,
    ) -> (Self, TaskRecord) {
        let runtime = R::current().unwrap_or_else(|error| panic!("{error}"));
        let run = Arc::new(Run {
            id,
            backend: R::name(&runtime),
            hook: options.hook.clone(),
            stranded_after: options.stranded_after,
            vars: RunVars::default(),
            workers: Workers::default(),
            alarms: Alarms::default(),
            at_end: AtEnd::new(),
            debts: Mutex::new(Debts::default()),
            wait_details: WaitDetails::default(),
            group: OnceLock::new(),
            core: OnceLock::new(),
        });
        let core = GroupState::of_run(Clock::of::<R>(), location, R::tag(&runtime), run.clone());
        let group = Group::<R, Infallible>::new(core.clone(), runtime, None);
        let erased: Arc<dyn Any + Send + Sync> = group.clone();
        // These are set once, here.
        let _ = run.group.set(Arc::downgrade(&erased));
        let _ = run.core.set(Arc::downgrade(&core));
        run.note_begun(&core);
        let name = options.name.clone().unwrap_or_else(|| "main".into());
        // The main task is listed under the run's own group, but not counted in it.
        let mut given = SpawnArgs::at(location);
        given.name = Some(name);
        let record = core.insert(|| None, given);
        let gate = Gate {
            woken: AtomicBool::new(true),
            outer: Mutex::new(WakerSlot::new()),
        };
        let gate = Arc::new(gate);
        run.alarms
            .set_waker(Waker::from(Arc::new(Around(gate.clone()))));
        let state = MainState {
            gate,
            group,
            run,
            ended: None,
            abort_at: Instant::FAR_FUTURE,
        };
        (state, record)
    }
}

/// Carries out the alarms that are due, and sets the timer for the next.
fn poll_alarms<R: Runtime>(
    alarms: &Alarms,
    mut timer: Pin<&mut LazyTimer<R>>,
    cx: &mut task::Context<'_>,
) {
    // The waker has been stored before: it is woken for an alarm that is set from now on and is the earliest.
    // Ends when no alarm is left or the next is not due.
    while alarms.next() != Instant::FAR_FUTURE {
        if timer.as_mut().poll(cx, alarms.next()).is_pending() {
            return;
        }
        // Timers may complete late, but never early.
        alarms.carry_out(R::now());
    }
}

impl<R: Runtime, F: Future> Future for MainFuture<R, F> {
    type Output = Result<F::Output, RunError>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let state = match this.state {
            Some(state) => state,
            state => {
                if poll_state::surroundings().has(IN_TASK) {
                    return Poll::Ready(Err(RunError::nested()));
                }
                let (opened, record) = MainState::open(*this.id, this.options, this.location);
                this.main.as_mut().begin(record);
                state.insert(opened)
            }
        };
        let core = state.group.core().clone();
        let woken = state.gate.pass(cx.waker());
        poll_alarms::<R>(&state.run.alarms, this.alarm.as_mut(), cx);
        if state.ended.is_none() {
            if !woken {
                return Poll::Pending;
            }
            let waker = Waker::from(state.gate.clone());
            let cx = &mut task::Context::from_waker(&waker);
            let Poll::Ready((record, ended)) = this.main.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            finish_main(&record, TaskEnd::Finished, &ended);
            state.ended = Some(ended);
            // Tasks that were spawned through a handle of the run end with the main task.
            core.cancel(Cancelled::new(Cause::Enclosing));
            state.run.at_end.carry_out();
            if let Some(limit) = this.options.shutdown_limit {
                state.abort_at = R::now() + limit;
            }
        }
        // Ends: the group becomes aborted at most once, and the waker is registered before the last check.
        loop {
            if core.try_end() {
                break;
            }
            let limit = this.timer.as_mut();
            if !core.node.is_aborted() && limit.poll(cx, state.abort_at).is_ready() {
                core.node.abort(Cancelled::new(Cause::Enclosing));
                state.run.forgive_debts(&core);
                continue;
            }
            core.node.register(cx);
            if !core.is_empty() {
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
            (Some(Ended::Completed(value)), None) => Poll::Ready(Ok(value)),
            (Some(Ended::Interrupted) | None, None) => {
                unreachable!("nothing cancels the main task before its end")
            }
        }
    }
}

/// Runs if the run is given up before its end: because of a panic of the runtime, or as a crash of the run; see
/// [`run_future`]. Also after the end.
#[pinned_drop]
impl<R: Runtime, F: Future> PinnedDrop for MainFuture<R, F> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        let Some(state) = this.state else { return };
        // 1. Drop the main future, which leaves its groups to the run's own group.
        if let Some((record, dropped)) = this.main.drop_early() {
            if let Err(payload) = dropped {
                Run::unhandled_panic(Some(&state.run), payload);
            }
            finish_main::<()>(&record, TaskEnd::Cancelled, &Ended::Interrupted);
        }
        // 2. Abort the others. The last of them ends the group.
        let core = state.group.core();
        if !core.has_ended() {
            core.node.abort(Cancelled::new(Cause::HostDropped));
            state.run.forgive_debts(core);
            core.orphan();
        }
    }
}
