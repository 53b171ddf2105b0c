//! The place where an operation is cut off.

use std::backtrace::Backtrace;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{CancelHandle, CancelScope};
use anyrt_core::task::TaskRef;

use super::report::{Place, Point};
use super::{Way, site};
use crate::Sim;
use crate::current::with_current;
use crate::lock::lock;

/// What cuts off an operation in a run of [`cancel`](super::cancel).
#[derive(Clone)]
pub struct Cut(Arc<Explorer>);

impl Cut {
    pub(super) fn new(explorer: Arc<Explorer>) -> Cut {
        Cut(explorer)
    }

    /// Returns the way of this run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use anyrt::sim::explore::{Way, cancel};
    /// use std::cell::Cell;
    ///
    /// let dropped = Cell::new(false);
    /// let report = cancel(&Config::new(1), async |cut| {
    ///     dropped.set(dropped.get() || cut.way() == Way::Drop);
    ///     cut.around(anyrt::checkpoint()).await;
    /// });
    /// report.unwrap();
    /// assert!(dropped.get(), "each place is tried in each way");
    /// ```
    pub fn way(&self) -> Way {
        self.0.way
    }

    /// Runs an operation that is cut off at the place of this run. Returns its value if it completed, or
    /// `None` if it was cut off.
    ///
    /// If there are several, each has places of its own, and one of them is cut off in each run. While several
    /// run at the same time, the one that began last is cut off.
    ///
    /// # Cancel safety
    ///
    /// As with the operation: dropping the returned future drops it.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Config;
    /// use anyrt::sim::explore::cancel;
    ///
    /// let report = cancel(&Config::new(1), async |cut| {
    ///     let (sender, receiver) = anyrt::memory_object_stream(1);
    ///     sender.try_send("word").unwrap();
    ///     let received = cut.around(receiver.receive()).await;
    ///     // Either it was received, or it is still there.
    ///     assert!(received.is_some() || receiver.try_receive() == Ok("word"));
    /// });
    /// report.unwrap();
    /// ```
    #[track_caller]
    pub fn around<F: Future>(&self, operation: F) -> impl Future<Output = Option<F::Output>> {
        let explorer = self.0.clone();
        let around = Location::caller();
        async move {
            match explorer.way {
                Way::Scope => {
                    let scope = CancelScope::<Sim>::new().name("cut");
                    let armed = explorer.arm(Some(scope.handle()), around);
                    let result = scope.run(operation).await;
                    drop(armed);
                    result.ok()
                }
                Way::Drop => {
                    let armed = explorer.arm(None, around);
                    let output = dropping(&explorer, operation).await;
                    drop(armed);
                    output
                }
            }
        }
    }
}

/// Runs an operation that is dropped at the place of this run.
async fn dropping<F: Future>(explorer: &Explorer, operation: F) -> Option<F::Output> {
    let mut operation = Box::pin(operation);
    let mut is_first = true;
    let output = poll_fn(|cx| {
        // A future that was never polled has done nothing.
        if !std::mem::take(&mut is_first) && explorer.at_poll(Point::Woken) {
            return Poll::Ready(None);
        }
        let polled = operation.as_mut().poll(cx).map(Some);
        if polled.is_pending() && explorer.at_poll(Point::Polled) {
            return Poll::Ready(None);
        }
        polled
    })
    .await;
    drop(operation);
    output
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cut")
            .field("way", &self.0.way)
            .field("at", &self.0.at)
            .finish()
    }
}

/// The state that a run shares with its explorer. The lock is never held while core is called.
pub(crate) struct Explorer {
    way: Way,
    /// The number of the place, or `None` in the run that counts.
    at: Option<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of places so far.
    seen: u64,
    /// The operations that may be cut off, the latest last.
    armed: Vec<Armed>,
    next_id: u64,
    /// The places, in the run that counts.
    places: Vec<Place>,
    /// The latest place in a poll that has not ended, whose wait is not known yet, and its task.
    unresolved: Option<(usize, TaskRef)>,
    /// The stack at the cancellation.
    stack: Option<Backtrace>,
}

#[derive(Clone)]
struct Armed {
    id: u64,
    handle: Option<CancelHandle>,
    /// The task of the operation.
    task: Option<TaskRef>,
    around: &'static Location<'static>,
}

/// Ends the time in which an operation may be cut off.
struct Disarm<'a>(&'a Explorer, u64);

impl Drop for Disarm<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        let position = state.armed.iter().position(|armed| armed.id == self.1);
        let armed = position.map(|position| state.armed.remove(position));
        let unresolved = match state.armed.is_empty() {
            true => state.unresolved.take(),
            false => None,
        };
        drop(state);
        drop((armed, unresolved));
    }
}

impl Explorer {
    pub(super) fn new(way: Way, at: Option<u64>) -> Explorer {
        Explorer {
            way,
            at,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn arm(&self, handle: Option<CancelHandle>, around: &'static Location<'static>) -> Disarm<'_> {
        let task = anyrt_core::task::current();
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        state.armed.push(Armed {
            id,
            handle,
            task,
            around,
        });
        Disarm(self, id)
    }

    /// Notes that the executor is about to make a step, and cancels the scope if the place is here.
    pub(crate) fn before_step(&self, now: u64) {
        let Some(armed) = self.armed() else { return };
        self.resolve();
        if self.way != Way::Scope {
            return;
        }
        let task = armed.task.clone();
        if self.is_due(Point::Step, task.as_ref(), now, &armed) {
            self.strike(&armed);
        }
    }

    /// Notes that an operation begins in the poll of a task, and cancels the scope if the place is here.
    pub(super) fn at_entry(&self) {
        let Some(armed) = self.armed() else { return };
        // The earlier operation of this poll went on at once.
        self.lock().unresolved = None;
        let task = anyrt_core::task::current();
        if self.is_due(Point::Entry, task.as_ref(), now(), &armed) {
            let stack = Backtrace::force_capture();
            self.lock().stack = Some(stack);
            self.strike(&armed);
        }
    }

    /// Notes a poll of an operation. Returns whether it is to be dropped.
    fn at_poll(&self, point: Point) -> bool {
        let Some(armed) = self.armed() else {
            return false;
        };
        let task = armed.task.clone();
        self.is_due(point, task.as_ref(), now(), &armed)
    }

    fn armed(&self) -> Option<Armed> {
        self.lock().armed.last().cloned()
    }

    fn strike(&self, armed: &Armed) {
        if let Some(handle) = &armed.handle {
            handle.cancel();
        }
    }

    /// Counts a place, and describes it in the run that counts. Returns whether it is the one of this run.
    fn is_due(&self, point: Point, task: Option<&TaskRef>, now: u64, armed: &Armed) -> bool {
        if let Some(at) = self.at {
            let mut state = self.lock();
            state.seen += 1;
            return state.seen == at + 1;
        }
        let name = task.map(|task| task.name().to_string());
        let waits_for = match point {
            // Known once the poll has ended; and after a wake-up, the wait is over.
            Point::Entry | Point::Polled | Point::Woken => None,
            Point::Step => task.map(|task| task.wait().to_string()),
        };
        let around = armed.around.to_string();
        let mut state = self.lock();
        let number = state.seen;
        state.seen += 1;
        let index = state.places.len();
        state.places.push(Place {
            number,
            way: self.way,
            point,
            task: name,
            waits_for,
            at: Duration::from_nanos(now),
            around,
        });
        if matches!(point, Point::Entry | Point::Polled) {
            state.unresolved = task.map(|task| (index, task.clone()));
        }
        false
    }

    /// Notes what the task of the latest place waits for, now that its poll has ended.
    fn resolve(&self) {
        let unresolved = self.lock().unresolved.take();
        if let Some((index, task)) = unresolved {
            if !task.is_finished() {
                let wait = task.wait().to_string();
                if let Some(place) = self.lock().places.get_mut(index) {
                    place.waits_for = Some(wait);
                }
            }
        }
    }

    /// Takes the places that were counted.
    pub(super) fn take_places(&self) -> Vec<Place> {
        std::mem::take(&mut self.lock().places)
    }

    /// Returns the place in the source at which the scope was cancelled, as far as the stack shows it.
    pub(super) fn site(&self) -> Option<String> {
        let stack = self.lock().stack.take()?;
        site::of(&stack.to_string())
    }
}

impl fmt::Debug for Explorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer")
            .field("way", &self.way)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Returns the virtual time since the start.
fn now() -> u64 {
    with_current(|host| host.map_or(0, |host| host.shared.now()))
}
