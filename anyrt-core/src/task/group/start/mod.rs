//! The start of a child, with a wait until it reports that it is ready (rule [G9](crate::rules#g9)).
//!
//! The child and its starter share a [`StartStep`]. Every transition is made under the lock of `Shared`:
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

mod child;
mod shared;
mod starter;

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use self::child::{Child, Gone};
use self::shared::{Shared, Signal, StartStep, State};
use self::starter::Starter;
use super::super::handle::TaskHandle;
use super::super::output::TaskOutput;
use super::child_options::ChildOptions;
use crate::engine::{Caller, GroupState, Hold, Node, SpawnArgs, TaskRecord, poll_state};
use crate::error::StartError;
use crate::loom::{Arc, Mutex};

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
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::Started;
    /// use std::io;
    ///
    /// # anyrt::run(async {
    /// async fn serve(ready: Started<u16>) -> io::Result<()> {
    ///     ready.started(8080);
    ///     Ok(())
    /// }
    ///
    /// let group = anyrt::task_group(async |tg| tg.start(serve).await);
    /// assert_eq!(group.await.unwrap(), 8080);
    /// # });
    /// ```
    pub fn started(self, value: V) {
        if let Some(signal) = self.signal {
            signal.started(value);
        }
    }

    /// Creates a sender without effect, to call a function directly that was written for `start`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::Started;
    /// use std::io;
    ///
    /// # anyrt::run(async {
    /// async fn serve(ready: Started<u16>) -> io::Result<()> {
    ///     ready.started(8080);
    ///     Ok(())
    /// }
    ///
    /// serve(Started::ignored()).await.unwrap();
    /// # });
    /// ```
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
            step: StartStep::Waiting,
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
