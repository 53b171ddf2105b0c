//! The start of a child, with a wait until it reports that it is ready (rule G9).
//!
//! The child and its starter share a [`Step`]. Every transition is made under the lock of `Shared`:
//!
//! ```text
//!             started                    taken by the starter
//!   ┌─────────┐ ─────────────▶ ┌───────┐ ──────────────────▶ ┌───────┐
//!   │ Waiting │                │ Ready │                     │ Apart │
//!   └─────────┘                └───────┘                     └───────┘
//!     │    └── the child ends first ──▶ Failed, Panicked, NotStarted, Dropped ──▶ Apart
//!     └── `started` is called before the record exists ──▶ Early ──▶ Apart, or Waiting if refused
//! ```
//!
//! A starter that is dropped sets `Apart` from any step, and cancels the child if that is not ready.

use std::any::{Any, type_name};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project::pin_project;

use super::super::handle::TaskHandle;
use super::super::output::{Outcome, TaskOutput};
use super::builder::ChildOptions;
use crate::engine::{
    Caller, Cancelled, Cause, GroupState, Hold, Node, Run, SpawnArgs, TaskRecord, Unhandled, Wait,
    poll_state,
};
use crate::error::StartError;
use crate::loom::{Arc, Mutex, lock};
use crate::unwind::Payload;

/// The result of [`try_start`](super::TaskGroup::try_start).
pub type StartOutput<V, O, E> = Result<(V, TaskHandle<<O as TaskOutput<E>>::Value>), StartError<E>>;

/// A sender with which a child that was started with `start` reports that it is ready.
///
/// Dropping it unused has no effect: `start` then waits for the end of the child.
#[must_use = "`start` waits until `started` is called"]
pub struct Started<V> {
    signal: Option<Arc<dyn Signal<V>>>,
}

impl<V> Started<V> {
    /// Reports that the child is ready, and passes a value to `start`.
    ///
    /// From now on the child lives under the group's scopes alone. If the caller of `start` was cancelled
    /// before, this has no effect: the value is dropped, and the child stays cancelled.
    pub fn started(self, value: V) {
        if let Some(signal) = self.signal {
            signal.started(value);
        }
    }

    /// Creates a sender without effect, to call a function directly that was written for `start`.
    pub fn ignored() -> Started<V> {
        Started { signal: None }
    }
}

impl<V> fmt::Debug for Started<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("ignored", &self.signal.is_none())
            .finish()
    }
}

/// The part of the shared state that the child's sender uses, without the error type.
trait Signal<V>: Send + Sync {
    fn started(&self, value: V);
}

struct Shared<V, E> {
    state: Mutex<State<V, E>>,
    /// The conversion of an error without a receiver for the run.
    erase: fn(E) -> Box<dyn Any + Send>,
}

struct State<V, E> {
    step: Step<V, E>,
    record: Option<TaskRecord>,
    waker: Option<Waker>,
}

enum Step<V, E> {
    Waiting,
    /// `started` was called before the child was spawned.
    Early(V),
    Ready(V),
    /// The value was taken, or the child is independent of its starter.
    Apart,
    Failed(E),
    Panicked(Payload),
    /// The child ended without an error before it was ready.
    NotStarted,
    /// The child's future was dropped.
    Dropped,
}

impl<V, E> Shared<V, E> {
    /// Sets the end of the child, if it has not become ready. Returns the step otherwise.
    fn end(&self, step: Step<V, E>) -> Option<Step<V, E>> {
        let mut state = lock(&self.state);
        if !matches!(state.step, Step::Waiting) {
            return Some(step);
        }
        state.step = step;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// Stores the child's record for `started`, which may have been called before, while the child was
    /// created or by another thread. Under a cancelled caller that call has no effect, and its value is
    /// returned.
    fn introduce(&self, child: &TaskRecord) -> Option<Step<V, E>> {
        let mut state = lock(&self.state);
        state.record = Some(child.clone());
        let refused = matches!(state.step, Step::Early(_)) && !child.move_to_group();
        refused.then(|| std::mem::replace(&mut state.step, Step::Waiting))
    }
}

impl<V: Send, E: Send> Signal<V> for Shared<V, E> {
    fn started(&self, value: V) {
        let mut state = lock(&self.state);
        let Some(record) = state.record.clone() else {
            state.step = Step::Early(value);
            return;
        };
        // `move_to_group` decides whether the child moves to the group or stays cancelled with its caller.
        let refused = if matches!(state.step, Step::Waiting) && record.move_to_group() {
            state.step = Step::Ready(value);
            None
        } else {
            Some(value)
        };
        let waker = state.waker.take();
        drop(state);
        drop(refused);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The output of a started child, as its group sees it.
pub(super) enum ChildOutput<T, E> {
    Own(Outcome<T, E>),
    /// The failure came before the child was ready, and was passed to the starter.
    Reported,
}

impl<T, E> TaskOutput<E> for ChildOutput<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        unreachable!("groups ask for the outcome")
    }

    fn into_outcome(self) -> Outcome<T, E> {
        match self {
            ChildOutput::Own(outcome) => outcome,
            ChildOutput::Reported => Outcome::Reported,
        }
    }
}

/// A guard that reports to the starter that the child is gone; dropped last.
struct Gone<V, E>(Arc<Shared<V, E>>);

impl<V, E> Drop for Gone<V, E> {
    fn drop(&mut self) {
        self.0.end(Step::Dropped);
    }
}

/// The future of the child. Outcomes before it is ready are passed to the starter instead of the group.
#[pin_project]
pub(super) struct Child<V, E, Fut> {
    #[pin]
    future: Option<Fut>,
    /// Declared after the future, so that it is dropped after it.
    gone: Gone<V, E>,
}

impl<V, E, Fut> Future for Child<V, E, Fut>
where
    Fut: Future,
    Fut::Output: TaskOutput<E>,
{
    type Output = ChildOutput<<Fut::Output as TaskOutput<E>>::Value, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = &this.gone.0;
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a child that has ended is not polled again");
        let polled = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        this.future.set(None);
        Poll::Ready(match polled {
            Err(payload) => match shared.end(Step::Panicked(payload)) {
                Some(Step::Panicked(payload)) => resume_unwind(payload),
                _ => ChildOutput::Reported,
            },
            Ok(output) => match output.into_outcome() {
                Outcome::Error(error) => match shared.end(Step::Failed(error)) {
                    Some(Step::Failed(error)) => ChildOutput::Own(Outcome::Error(error)),
                    _ => ChildOutput::Reported,
                },
                outcome => {
                    shared.end(Step::NotStarted);
                    ChildOutput::Own(outcome)
                }
            },
        })
    }
}

/// The starter's side. If it is dropped before the child is ready, the child is cancelled.
struct Starter<V, E> {
    shared: Arc<Shared<V, E>>,
    /// `None` before the child is spawned.
    record: Option<TaskRecord>,
    group: Arc<GroupState>,
    hold: Hold,
}

impl<V, E> Starter<V, E> {
    /// Waits for the step that ends the wait, and returns its outcome.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<V, StartError<E>>> {
        let mut state = lock(&self.shared.state);
        let step = match std::mem::replace(&mut state.step, Step::Apart) {
            Step::Waiting => {
                state.step = Step::Waiting;
                let old = state.waker.replace(cx.waker().clone());
                drop(state);
                drop(old);
                if poll_state::effectively_cancelled() {
                    self.cancel_child();
                }
                poll_state::waits_for(Wait::Start);
                self.hold.limit(poll_state::plain_deadline());
                self.hold.keep(cx);
                return Poll::Pending;
            }
            step => step,
        };
        drop(state);
        self.hold.release();
        Poll::Ready(match step {
            Step::Ready(value) | Step::Early(value) => Ok(value),
            Step::Failed(error) => Err(StartError::Failed(Box::new(error))),
            Step::Panicked(payload) => resume_unwind(payload),
            Step::NotStarted if !self.was_interrupted() => Err(StartError::NotStarted),
            Step::Waiting | Step::Apart | Step::Dropped | Step::NotStarted => {
                if self.was_interrupted() {
                    // The child was cancelled with this call, and nothing is left to wait for.
                    lock(&self.shared.state).step = Step::Dropped;
                    poll_state::refuse(cx);
                    return Poll::Pending;
                }
                let cause = self.record.as_ref().and_then(|record| record.cause());
                Err(StartError::Cancelled(
                    cause.unwrap_or_else(|| Cancelled::new(Cause::Enclosing)),
                ))
            }
        })
    }
}

impl<V, E> Starter<V, E> {
    /// Returns whether this call is cancelled, and the child with it.
    ///
    /// Another thread may have cancelled since this poll began, or a deadline may have passed, and the child
    /// may have ended because of that. So the scopes themselves are evaluated. An abort also reaches a child
    /// whose caller is behind a shield.
    fn was_interrupted(&self) -> bool {
        let around = poll_state::evaluate();
        around.cancelled || around.deadline <= self.group.node.now() || poll_state::is_aborted()
    }

    fn cancel_child(&self) {
        if let Some(record) = &self.record {
            record.cancel_with_caller();
        }
    }
}

impl<V, E> Drop for Starter<V, E> {
    fn drop(&mut self) {
        self.cancel_child();
        // No starter waits any more. A failure that was not taken yet goes to the run; a later one goes to
        // the group.
        let step = std::mem::replace(&mut lock(&self.shared.state).step, Step::Apart);
        let core = &self.group;
        match step {
            Step::Failed(error) => {
                let unhandled = Unhandled::error(
                    core.name(),
                    type_name::<E>(),
                    Some((self.shared.erase)(error)),
                );
                Run::unhandled(core.run.as_deref(), unhandled);
            }
            Step::Panicked(payload) => Run::unhandled_panic(core.run.as_deref(), payload),
            _ => {}
        }
    }
}

/// The future of `start`: creates and spawns the child when it is first polled, and waits.
///
/// It is a named type instead of an async block: the compiler cannot prove an async block `Send` that
/// mentions the child's output together with an error type that has a lifetime.
#[must_use = "futures do nothing unless you `.await` or poll them"]
struct Start<V, E, T, Open> {
    open: Option<Open>,
    starter: Option<Starter<V, E>>,
    handle: Option<TaskHandle<T>>,
}

// Nothing is pinned: the child is a task of its own, or belongs to the group.
impl<V, E, T, Open> Unpin for Start<V, E, T, Open> {}

type Opened<V, E, T> = Result<(Starter<V, E>, TaskHandle<T>), StartError<E>>;

impl<V, E, T, Open> Future for Start<V, E, T, Open>
where
    Open: FnOnce() -> Opened<V, E, T>,
{
    type Output = Result<(V, TaskHandle<T>), StartError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(open) = this.open.take() {
            match open() {
                Ok((starter, handle)) => {
                    this.starter = Some(starter);
                    this.handle = Some(handle);
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let starter = this.starter.as_mut();
        let starter = starter.expect("a start that has ended is not polled again");
        let started = ready!(starter.poll(cx));
        this.starter = None;
        let handle = this.handle.take();
        Poll::Ready(started.map(|value| match handle {
            Some(handle) => (value, handle),
            None => unreachable!("the handle comes with the starter"),
        }))
    }
}

/// Creates the child in a group. `spawn` passes its record to the given function before the child can run.
pub(super) fn start<V, E, Fut, T>(
    group: Arc<GroupState>,
    options: ChildOptions,
    make: impl FnOnce(Started<V>) -> Fut,
    spawn: impl FnOnce(SpawnArgs, Child<V, E, Fut>, &mut dyn FnMut(&TaskRecord)) -> TaskHandle<T>,
    location: &'static Location<'static>,
) -> impl Future<Output = Result<(V, TaskHandle<T>), StartError<E>>>
where
    E: Send + 'static,
    V: Send + 'static,
    Fut: Future,
{
    let open = move || {
        // 1. Count the child in, and create its future.
        if !group.enter() {
            return Err(StartError::GroupEnded);
        }
        let counted = Counted(&group);
        let state = State {
            step: Step::Waiting,
            record: None,
            waker: None,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            erase: |error| Box::new(error),
        });
        let future = make(Started {
            signal: Some(shared.clone()),
        });
        let child = Child {
            future: Some(future),
            gone: Gone(shared.clone()),
        };
        let cancelled = poll_state::effectively_cancelled();
        std::mem::forget(counted);
        // 2. Link a node for the call, which carries its deadline. It holds from the first pending poll on.
        let mut given = options.given(location);
        given.starting = true;
        let node = match group.node.clock() {
            Some(clock) => Node::with_clock(clock),
            None => Node::new(),
        };
        node.begin(poll_state::plain_deadline());
        node.link();
        let hold = Hold::of(node.clone());
        let task = poll_state::current_task();
        let mut caller = Some(Caller { task, node });
        let (mut record, mut refused) = (None, None);
        // 3. Spawn. The record gets its caller, and is cancelled if the caller is.
        let handle = spawn(given, child, &mut |child| {
            if let Some(caller) = caller.take() {
                child.set_caller(caller);
            }
            if cancelled {
                child.cancel_with_caller();
            }
            record = Some(child.clone());
            refused = shared.introduce(child);
        });
        // Dropped after the child, which was counted in, has been spawned: a destructor may panic.
        drop(refused);
        Ok((
            Starter {
                shared,
                record,
                group,
                hold,
            },
            handle,
        ))
    };
    Start {
        open: Some(open),
        starter: None,
        handle: None,
    }
}

/// Converts the result of `try_start` to that of `start`. Panics for all errors but the child's own.
pub(super) fn expect_started<V, T, E>(
    started: Result<(V, TaskHandle<T>), StartError<E>>,
) -> Result<V, E> {
    match started {
        Ok((value, _)) => Ok(value),
        Err(StartError::Failed(error)) => Err(*error),
        Err(StartError::NotStarted) => panic!(
            "the child ended without having called `started`; use `try_start` where that can happen"
        ),
        Err(StartError::Cancelled(cause)) => panic!(
            "the child was cancelled before it called `started` ({cause}); use `try_start` where \
             that can happen"
        ),
        Err(StartError::GroupEnded) => {
            panic!("`start` in a group that has ended; use `try_start` where that can happen")
        }
    }
}

/// A guard that counts the child out again if creating it panics.
struct Counted<'a>(&'a GroupState);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
