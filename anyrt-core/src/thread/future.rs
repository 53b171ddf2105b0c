//! The futures of `to_thread`: waiting for a token, for the function, and for what its thread sends.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::thread;

use super::call::{Brought, Call, Leftover, Request, Worker};
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
    /// None before the function was handed over. Dropped first, so that the thread learns that
    /// its caller is gone before anything else.
    link: Option<Link<T>>,
    hosted: Option<Hosted>,
    /// None once it was handed over.
    function: Option<F>,
    /// The place in the limiter's queue, where there was no token at once.
    queued: Option<Queued>,
    /// Whether the thread was told that its caller is cancelled.
    told: bool,
    hold: Hold,
    operation: Operation,
    options: Options<R>,
}

// Nothing is pinned: what the thread sends is boxed.
impl<R: Runtime, F, T: Send + 'static> Unpin for ToThread<R, F, T> {}

type Queued = Pin<Box<dyn Future<Output = CapacityTokenArc> + Send>>;

/// The caller's end of a call.
pub(super) struct Link<T: Send + 'static> {
    pub(super) call: Arc<Call<T>>,
    pub(super) run: Option<Arc<Run>>,
    /// Whether the run waits for the function where the call is dropped half-way.
    pub(super) owes: bool,
    /// Starts a job on a worker thread.
    pub(super) hand_over: fn(Option<&Arc<Run>>, Box<dyn Job>),
}

impl<T: Send + 'static> Drop for Link<T> {
    fn drop(&mut self) {
        let run = self.run.as_ref().filter(|_| self.owes);
        let owed = run.and_then(Run::owe);
        let Some(leftover) = self.call.leave(caller_gone, owed) else {
            return;
        };
        let leftover = Discard {
            leftover: Some(leftover),
            run: self.run.clone(),
        };
        // What comes from a worker thread may block where it is dropped, so it goes back to one.
        if leftover.needs_a_thread() {
            (self.hand_over)(self.run.as_ref(), Box::new(leftover));
        }
    }
}

/// Drops what a function has returned and its caller has not taken.
struct Discard<T> {
    leftover: Option<Leftover<T>>,
    run: Option<Arc<Run>>,
}

impl<T> Discard<T> {
    /// Whether the run waits for it, and it has a destructor.
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

/// Something that the thread has sent, while it is polled.
struct Hosted {
    frame: Frame<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Dropped last: then the thread goes on.
    _open: Box<dyn Send>,
}

impl Hosted {
    fn new(request: Request) -> Hosted {
        Hosted {
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

    /// Waits until the function may run: then it has been handed over.
    fn poll_start(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        while self.function.is_some() {
            ready!(self.operation.begin(cx));
            let token = ready!(self.poll_token(cx));
            if poll_state::effectively_cancelled() {
                // The token came together with a cancellation: it goes to the next, and the call
                // is refused as if it had just begun.
                self.queued = None;
                self.operation = Operation::New;
                continue;
            }
            if let Some(function) = self.function.take() {
                self.queued = None;
                self.link = Some(self.start(function, token));
            }
        }
        Poll::Ready(())
    }

    /// A token, if there is a limiter.
    fn poll_token(&mut self, cx: &mut task::Context<'_>) -> Poll<Option<CapacityTokenArc>> {
        if let Some(queued) = &mut self.queued {
            return queued.as_mut().poll(cx).map(Some);
        }
        let given = self.options.limiter.clone();
        let Some(limiter) = given.or_else(default_limiter) else {
            return Poll::Ready(None);
        };
        if let Ok(token) = limiter.try_acquire_arc() {
            return Poll::Ready(Some(token));
        }
        let queued = self.queued.insert(Box::pin(limiter.acquire_arc()));
        queued.as_mut().poll(cx).map(Some)
    }

    /// Hands the function over.
    fn start(&mut self, function: F, token: Option<CapacityTokenArc>) -> Link<T> {
        let link = Link {
            call: Call::new(),
            run: Run::current(),
            owes: !self.options.abandons,
            hand_over: hand_over::<R>,
        };
        let worker = Worker {
            caller: link.call.clone(),
            name: self.options.name.take(),
        };
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

    /// Tells the thread whether its caller is cancelled, as of now.
    fn tell(&mut self, cancelled: bool) {
        if cancelled == self.told {
            return;
        }
        self.told = cancelled;
        if let Some(link) = &self.link {
            link.call.tell(if cancelled {
                current_cancellation()
            } else {
                None
            });
        }
    }

    /// Polls what the thread has sent.
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
            // A destructor's: what the future itself did goes to the thread.
            Polled::Panicked(payload) => Some(payload),
        };
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
        ready!(this.poll_start(cx));
        this.tell(poll_state::effectively_cancelled());
        loop {
            let sent = this.poll_hosted(cx);
            let link = this.link.as_ref();
            let link = link.expect("a call that has ended is not polled again");
            let brought = match sent {
                Poll::Ready(()) => link.call.poll_take(cx),
                Poll::Pending => Poll::Pending,
            };
            match brought {
                Poll::Ready(Brought::Request(request)) => this.hosted = Some(Hosted::new(request)),
                Poll::Ready(Brought::Outcome(outcome)) => {
                    if let Some(mut link) = this.link.take() {
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
                        poll_state::waits_for(Wait::Thread);
                    }
                    if !this.options.abandons {
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
    /// The function has handed the cancellation back.
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
        if !this.interrupted {
            match Pin::new(&mut this.call).poll(cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(value),
                Poll::Ready(Err(_)) => this.interrupted = true,
                Poll::Pending => {
                    if this.call.told {
                        // The function may be on its way out: a shield comes late (rule C7).
                        poll_state::latch();
                    }
                    return Poll::Pending;
                }
            }
        }
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

/// Starts a job for the run on a worker thread.
pub(super) fn hand_over<R: Runtime>(run: Option<&Arc<Run>>, job: Box<dyn Job>) {
    match run {
        // On a worker thread of the run this is some other runtime, which can end before the
        // run does, and would wait for a worker of its own that the run keeps.
        Some(run) if poll_state::surroundings().has(IN_TASK) => Workers::hand_over::<R>(run, job),
        _ => alone::<R>(&R::current().unwrap_or_else(|error| panic!("{error}")), job),
    }
}

/// What the worker thread does.
pub(super) struct Work<F, T> {
    /// What there is before the work, and what there is after.
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
        // Whatever is dropped there may panic, too, such as a variable that the function has set.
        let work = move || Run::work_for(run, || context.run(|| worker.run(function)));
        self.outcome = Some(catch_unwind(AssertUnwindSafe(work)));
    }

    fn deliver(&mut self) -> bool {
        // Given back first, so that whoever gets the value finds it there. That wakes somebody, whose
        // waker may panic.
        let token = self.token.take();
        let returned = catch_unwind(AssertUnwindSafe(|| drop(token)));
        if let Some(outcome) = self.outcome.take() {
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

/// Drops an outcome that is not taken; a panic goes to the run, which may end after that.
fn discard<T>(run: Option<&Run>, leftover: Leftover<T>) {
    let _owed = leftover.owed;
    let dropped = match leftover.outcome {
        Ok(value) => catch_unwind(AssertUnwindSafe(|| drop(value))),
        Err(payload) => Err(payload),
    };
    if let Err(payload) = dropped {
        Run::unhandled_panic(run, payload);
    }
}
