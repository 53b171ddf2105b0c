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

mod cancellable;
mod job;

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{self, Poll, ready};

pub use self::cancellable::ToThreadCancellable;
pub(super) use self::job::{CallGuard, Work, hand_over};
use super::call::{Call, Reply, Request, Worker};
use super::options::{Options, default_limiter};
use crate::cancel::{BodyPolicy, current_cancellation};
use crate::engine::{Context, Frame, Hold, Operation, Polled, Run, Wait, poll_state};
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
