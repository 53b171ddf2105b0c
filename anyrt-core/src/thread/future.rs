//! The futures of `to_thread`, and the job on the other end.
//!
//! ```text
//!   new ──begin──▶ waits for a token ──token──▶ handed over ──outcome──▶ done
//!    ▲                     │                     │      ▲
//!    └──── cancelled ──────┘                     ▼      │ future completed
//!                                            request is polled (`Borrowed`)
//! ```
//!
//! Until the hand-over the call can be refused without effect. Afterwards the function runs to its end: a
//! cancelled call waits for it (rule C6), and a dropped one leaves it to the run (rule C10).

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::thread;

use super::call::{Call, Leftover, Reply, Request, Worker};
use super::from_thread::caller_gone;
use super::to_thread::{Options, default_limiter};
use crate::cancel::{BodyPolicy, current_cancellation};
use crate::engine::poll_state::IN_TASK;
use crate::engine::{
    Cancelled, Context, Frame, Hold, Job, Operation, Polled, Run, Wait, Workers, alone, poll_state,
};
use crate::loom::Arc;
use crate::runtime::Runtime;
use crate::sync::CapacityTokenArc;

/// The future of [`to_thread::run`](super::to_thread::run).
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ToThread<R: Runtime, F, T: Send + 'static> {
    /// `None` before the hand-over and after the outcome. Declared first, hence dropped first, so that the
    /// thread sees that its caller is gone before anything else is dropped.
    link: Option<CallGuard<T>>,
    hosted: Option<Borrowed>,
    /// `None` after the hand-over.
    function: Option<F>,
    /// The wait in the limiter's queue, if no token was free at once.
    queued: Option<Queued>,
    /// Whether the thread was last told that its caller is cancelled.
    told: bool,
    hold: Hold,
    operation: Operation,
    options: Options<R>,
}

// Nothing is pinned in place: requests and the token's future are boxed.
impl<R: Runtime, F, T: Send + 'static> Unpin for ToThread<R, F, T> {}

type Queued = Pin<Box<dyn Future<Output = CapacityTokenArc> + Send>>;

/// The caller's end of a call.
pub(super) struct CallGuard<T: Send + 'static> {
    pub(super) call: Arc<Call<T>>,
    pub(super) run: Option<Arc<Run>>,
    /// Whether the run waits for the function if the call is dropped before the outcome.
    pub(super) owes: bool,
    /// Starts a job on a worker thread.
    pub(super) hand_over: fn(Option<&Arc<Run>>, Box<dyn Job>),
}

impl<T: Send + 'static> Drop for CallGuard<T> {
    fn drop(&mut self) {
        // 1. Make the run wait for what is left of the call, unless it was abandoned or has completed.
        let run = self.run.as_ref().filter(|_| self.owes);
        let owed = run.and_then(Run::owe);
        // 2. Leave. If the function still runs, its thread has the rest to do.
        let Some(leftover) = self.call.leave(caller_gone, owed) else {
            return;
        };
        // 3. The outcome was here, unseen: drop it.
        let leftover = Discard {
            leftover: Some(leftover),
            run: self.run.clone(),
        };
        // A value from a worker thread may block in its destructor, so a worker thread drops it.
        if leftover.needs_a_thread() {
            (self.hand_over)(self.run.as_ref(), Box::new(leftover));
        }
    }
}

/// Drops an outcome that its caller has not received.
struct Discard<T> {
    leftover: Option<Leftover<T>>,
    run: Option<Arc<Run>>,
}

impl<T> Discard<T> {
    /// Returns whether the run waits for the value, and the value has a destructor.
    fn needs_a_thread(&self) -> bool {
        let leftover = self.leftover.as_ref();
        std::mem::needs_drop::<T>()
            && leftover.is_some_and(|left| left.owed.is_some() && left.outcome.is_ok())
            && poll_state::surroundings().has(IN_TASK)
    }

    fn discard(&mut self) {
        if let Some(leftover) = self.leftover.take() {
            discard(self.run.as_deref(), leftover);
        }
    }
}

impl<T> Drop for Discard<T> {
    fn drop(&mut self) {
        self.discard();
    }
}

impl<T: Send> Job for Discard<T> {
    fn work(&mut self) {
        let run = self.run.clone();
        Run::work_for(run, || self.discard());
    }

    fn deliver(&mut self) -> bool {
        true
    }

    fn discard(&mut self) {}
}

/// A request of the thread, while it is polled.
struct Borrowed {
    frame: Frame<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Dropped last, since this releases the thread.
    _open: Box<dyn Send>,
}

impl Borrowed {
    fn new(request: Request) -> Borrowed {
        Borrowed {
            frame: Frame::new(request.future),
            _open: request.open,
        }
    }
}

impl<R, F, T> ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(options: Options<R>, function: F) -> ToThread<R, F, T> {
        ToThread {
            link: None,
            hosted: None,
            function: Some(function),
            queued: None,
            told: false,
            hold: Hold::default(),
            operation: Operation::New,
            options,
        }
    }

    /// Waits until the function has been handed over.
    ///
    /// The loop ends: a round either hands the function over, or starts again with a new operation, which
    /// stays pending while the scope is cancelled.
    fn poll_start(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        // 1. Begin the operation: pending while the scope is cancelled or the budget is used up.
        while self.function.is_some() {
            ready!(self.operation.begin(cx));
            // 2. Wait for a token.
            let token = ready!(self.poll_token(cx));
            if poll_state::effectively_cancelled() {
                // The token arrived together with a cancellation. It goes to the next waiter, and the call is
                // refused as if it had just begun.
                self.queued = None;
                self.operation = Operation::New;
                continue;
            }
            // 3. Hand the function over; from now on it runs to its end.
            if let Some(function) = self.function.take() {
                self.queued = None;
                self.link = Some(self.start(function, token));
            }
        }
        Poll::Ready(())
    }

    /// Waits for a token, if there is a limiter.
    fn poll_token(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<CapacityTokenArc>> {
        // Already in the limiter's queue.
        if let Some(queued) = &mut self.queued {
            return queued.as_mut().poll(cx).map(Some);
        }
        let given = self.options.limiter.clone();
        let Some(limiter) = given.or_else(default_limiter) else {
            return Poll::Ready(None);
        };
        // The usual case needs no allocation.
        if let Ok(token) = limiter.try_acquire_arc() {
            return Poll::Ready(Some(token));
        }
        let queued = self.queued.insert(Box::pin(limiter.acquire_arc()));
        queued.as_mut().poll(cx).map(Some)
    }

    /// Hands the function over to a worker thread.
    fn start(&mut self, function: F, token: Option<CapacityTokenArc>) -> CallGuard<T> {
        // The end of the call that stays in this future.
        let link = CallGuard {
            call: Call::new(),
            run: Run::current(),
            owes: !self.options.abandons,
            hand_over: hand_over::<R>,
        };
        // What the thread knows about the call.
        let worker = Worker {
            caller: link.call.clone(),
            name: self.options.name.take(),
        };
        // The job. The context is that of the caller, as it is now.
        let work = Box::new(Work {
            task: Some((function, Context::current(), worker)),
            outcome: None,
            leftover: None,
            token,
            call: link.call.clone(),
            run: link.run.clone(),
        });
        hand_over::<R>(link.run.as_ref(), work);
        link
    }

    /// Updates the cancellation that the thread sees, if it has changed.
    fn tell(&mut self, cancelled: bool) {
        if cancelled == self.told {
            return;
        }
        // The cause is looked up only when the state changes, which is rare.
        self.told = cancelled;
        if let Some(link) = &self.link {
            link.call.tell(if cancelled {
                current_cancellation()
            } else {
                None
            });
        }
    }

    /// Polls the current request of the thread, if there is one.
    fn poll_hosted(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(hosted) = &mut self.hosted else {
            return Poll::Ready(());
        };
        let panic = match Pin::new(&mut hosted.frame).poll(cx, &mut BodyPolicy) {
            Polled::Pending => return Poll::Pending,
            Polled::Ready(()) => None,
            Polled::Interrupted => {
                self.tell(true);
                None
            }
            // The panic of a destructor: the request itself catches its panics and sends them to the thread.
            Polled::Panicked(payload) => Some(payload),
        };
        // Dropped before the thread can go on: the frame first, then `_open`.
        self.hosted = None;
        if let (Some(payload), Some(link)) = (panic, &self.link) {
            Run::unhandled_panic(link.run.as_deref(), payload);
        }
        Poll::Ready(())
    }
}

impl<R, F, T> Future for ToThread<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        // 1. Get a token and hand the function over; once.
        ready!(this.poll_start(cx));
        // 2. Show the thread whether its caller is cancelled now.
        this.tell(poll_state::effectively_cancelled());
        loop {
            // Ends: each further round has taken a request, and the thread waits for its answer before it
            // sends another. A request that completes at once can be followed by the next.
            // 3. Poll the current request. While it is pending, the thread cannot send anything.
            let sent = this.poll_hosted(cx);
            let link = this.link.as_ref();
            let link = link.expect("a call that has ended is not polled again");
            let brought = match sent {
                Poll::Ready(()) => link.call.poll_take(cx),
                Poll::Pending => Poll::Pending,
            };
            // 4. Receive the next message of the thread: a request, or the outcome.
            match brought {
                Poll::Ready(Reply::Request(request)) => this.hosted = Some(Borrowed::new(request)),
                Poll::Ready(Reply::Outcome(outcome)) => {
                    if let Some(mut link) = this.link.take() {
                        // Complete: dropping the link does not make the run wait for anything.
                        link.owes = false;
                    }
                    this.hold.release();
                    return match outcome {
                        Ok(value) => Poll::Ready(value),
                        Err(payload) => resume_unwind(payload),
                    };
                }
                Poll::Pending => {
                    if sent.is_ready() {
                        // A pending request has recorded its own reason for the wait.
                        poll_state::waits_for(Wait::Thread);
                    }
                    if !this.options.abandons {
                        // A cancelled scope around must not end before the function (rule C6).
                        this.hold.keep(cx);
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<R: Runtime, F, T: Send + 'static> fmt::Debug for ToThread<R, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThread")
            .field("started", &self.function.is_none())
            .finish_non_exhaustive()
    }
}

/// The future of [`to_thread::run_cancellable`](super::to_thread::run_cancellable).
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ToThreadCancellable<R: Runtime, F, T: Send + 'static> {
    call: ToThread<R, F, Result<T, Cancelled>>,
    /// Whether the function has returned the cancellation.
    interrupted: bool,
}

impl<R: Runtime, F, T: Send + 'static> Unpin for ToThreadCancellable<R, F, T> {}

impl<R: Runtime, F, T: Send + 'static> ToThreadCancellable<R, F, T> {
    pub(super) fn new(call: ToThread<R, F, Result<T, Cancelled>>) -> Self {
        ToThreadCancellable {
            call,
            interrupted: false,
        }
    }
}

impl<R, F, T> Future for ToThreadCancellable<R, F, T>
where
    R: Runtime,
    F: FnOnce() -> Result<T, Cancelled> + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        // 1. Poll the call, until it returns the cancellation.
        if !this.interrupted {
            match Pin::new(&mut this.call).poll(cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(value),
                Poll::Ready(Err(_)) => this.interrupted = true,
                Poll::Pending => {
                    if this.call.told {
                        // The function may be about to return the cancellation, so a shield that is set from
                        // now on does not help (rule C7).
                        poll_state::latch();
                    }
                    return Poll::Pending;
                }
            }
        }
        // 2. From then on this future stays pending, so that the cancelled scope interrupts it. The nodes are
        //    evaluated, since this poll may have begun before the cancellation.
        if poll_state::effectively_cancelled() || poll_state::evaluate().cancelled {
            poll_state::refuse(cx);
            return Poll::Pending;
        }
        panic!(
            "a function on a worker thread handed back a cancellation, and its caller is not \
             cancelled: hand back what `check_cancelled` gave, and nothing else"
        );
    }
}

impl<R: Runtime, F, T: Send + 'static> fmt::Debug for ToThreadCancellable<R, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToThreadCancellable")
            .field("started", &self.call.function.is_none())
            .field("interrupted", &self.interrupted)
            .finish_non_exhaustive()
    }
}

/// Starts a job of the run on a worker thread.
pub(super) fn hand_over<R: Runtime>(run: Option<&Arc<Run>>, job: Box<dyn Job>) {
    match run {
        // Only in a task: on a worker thread of the run, the current runtime is another one. It can end
        // before the run, and its end would wait for a worker that the run keeps.
        Some(run) if poll_state::surroundings().has(IN_TASK) => Workers::hand_over::<R>(run, job),
        _ => alone::<R>(&R::current().unwrap_or_else(|error| panic!("{error}")), job),
    }
}

/// The job on the worker thread.
///
/// It is run in this order: `work`, `deliver`, and `discard` if `deliver` returned false.
pub(super) struct Work<F, T> {
    /// The function and its surroundings; taken by `work`.
    pub(super) task: Option<(F, Context, Worker)>,
    pub(super) outcome: Option<thread::Result<T>>,
    pub(super) leftover: Option<Leftover<T>>,
    pub(super) token: Option<CapacityTokenArc>,
    pub(super) call: Arc<Call<T>>,
    pub(super) run: Option<Arc<Run>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send + 'static,
{
    fn work(&mut self) {
        let Some((function, context, worker)) = self.task.take() else {
            return;
        };
        let run = self.run.clone();
        // The context is dropped inside too, and with it variables that the function has set, whose
        // destructors may panic.
        let work = move || Run::work_for(run, || context.run(|| worker.run(function)));
        self.outcome = Some(catch_unwind(AssertUnwindSafe(work)));
    }

    fn deliver(&mut self) -> bool {
        // The token is returned first, so that the caller finds it free when it has the outcome. That wakes a
        // waiter of the limiter, and a waker may panic.
        let token = self.token.take();
        let returned = catch_unwind(AssertUnwindSafe(|| drop(token)));
        if let Some(outcome) = self.outcome.take() {
            // The function has ended either way. A leftover is dropped later, by `discard`.
            self.leftover = self.call.deliver(outcome);
        }
        if let Err(payload) = returned {
            resume_unwind(payload);
        }
        self.leftover.is_none()
    }

    fn discard(&mut self) {
        if let Some(leftover) = self.leftover.take() {
            discard(self.run.as_deref(), leftover);
        }
    }
}

/// Drops an outcome that its caller has not received. A panic goes to the run, which is released afterwards.
fn discard<T>(run: Option<&Run>, leftover: Leftover<T>) {
    // Declared first, hence dropped last: the run ends after the destructor of the value.
    let _owed = leftover.owed;
    let dropped = match leftover.outcome {
        Ok(value) => catch_unwind(AssertUnwindSafe(|| drop(value))),
        Err(payload) => Err(payload),
    };
    if let Err(payload) = dropped {
        Run::unhandled_panic(run, payload);
    }
}
