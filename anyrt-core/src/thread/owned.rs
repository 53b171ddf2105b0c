//! Calls on worker threads that belong to an object, such as an open file, and not to a future.
//!
//! The object keeps the call, and its next operation polls it. A call that waits for a token of its limiter
//! makes progress without polls: the job itself is in the limiter's queue, and the release of a token starts
//! it.
//!
//! ```text
//!   start ──▶ token at once ─────────────────────▶ handed over ──▶ outcome, kept until polled
//!       └───▶ QueuedJob in the limiter's queue ──▶ (woken by a release)
//! ```
//!
//! If the task waited for the token instead, it would block the token for all others while it is not polled.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, Wake, Waker};

use super::call::{Call, Reply, Worker};
use super::future::{CallGuard, Work, hand_over};
use super::options::default_limiter;
use crate::engine::poll_state::IN_TASK;
use crate::engine::{Context, Hold, Job, Owed, Run, Wait, Workers, alone, poll_state};
use crate::loom::{Mutex, lock};
use crate::runtime::Runtime;
use crate::sync::{CapacityLimiter, CapacityTokenArc};

/// A call on a worker thread, which keeps its outcome until it is polled.
///
/// If the call is dropped, the function runs nevertheless, and the run waits for it (rule C10).
pub(crate) struct OwnedCall<T: Send + 'static> {
    link: Option<CallGuard<T>>,
    abandons: bool,
    hold: Hold,
}

impl<T: Send + 'static> OwnedCall<T> {
    /// Creates a call, and hands its function over as soon as the given limiter, or that of the run, has a
    /// token for it.
    ///
    /// If `abandons` is set, neither a cancelled scope nor the end of the run waits for the function.
    pub(crate) fn start<R: Runtime, F>(
        limiter: Option<&Arc<CapacityLimiter>>,
        abandons: bool,
        function: F,
    ) -> OwnedCall<T>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        // 1. The two ends of the call, and the job.
        let link = CallGuard {
            call: Call::new(),
            run: Run::current(),
            owes: !abandons,
            hand_over: hand_over::<R>,
        };
        let worker = Worker {
            caller: link.call.clone(),
            name: None,
        };
        let mut work = Box::new(Work {
            task: Some((function, Context::current(), worker)),
            outcome: None,
            leftover: None,
            token: None,
            call: link.call.clone(),
            run: link.run.clone(),
        });
        // 2. Hand the job over now, or as soon as there is a token.
        match limiter.cloned().or_else(default_limiter) {
            None => hand_over::<R>(link.run.as_ref(), work),
            Some(limiter) => match limiter.try_acquire_arc() {
                Ok(token) => {
                    work.token = Some(token);
                    hand_over::<R>(link.run.as_ref(), work);
                }
                Err(_) => QueuedJob::<R>::enqueue(&limiter, link.run.clone(), work),
            },
        }
        OwnedCall {
            link: Some(link),
            abandons,
            hold: Hold::default(),
        }
    }

    /// Waits until the function has returned. Continues its panic.
    ///
    /// The loop ends: each further round has taken a request, and the thread sends the next one only after
    /// that is refused.
    pub(crate) fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<T> {
        let link = self.link.as_ref();
        let link = link.expect("a call that has ended is not polled again");
        loop {
            match link.call.poll_take(cx) {
                // Functions of owned calls do not call back. Dropping a request refuses it.
                Poll::Ready(Reply::Request(request)) => drop(request),
                Poll::Ready(Reply::Outcome(outcome)) => {
                    if let Some(mut link) = self.link.take() {
                        link.owes = false;
                    }
                    self.hold.release();
                    return match outcome {
                        Ok(value) => Poll::Ready(value),
                        Err(payload) => resume_unwind(payload),
                    };
                }
                Poll::Pending => {
                    poll_state::waits_for(Wait::Thread);
                    if !self.abandons {
                        self.hold.keep(cx);
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Releases the scopes that wait for the function, until the call is polled again. For an operation that
    /// completes without the outcome.
    pub(crate) fn let_go(&mut self) {
        self.hold.release();
    }
}

impl<T: Send + 'static> fmt::Debug for OwnedCall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnedCall")
    }
}

/// Runs a blocking function as an owed job: the run ends after it, although no future waits for it. Outside
/// of a run's tasks, calls the function on this thread.
pub(crate) fn run_owed<R: Runtime>(
    limiter: Option<&Arc<CapacityLimiter>>,
    function: impl FnOnce() + Send + 'static,
) {
    let run = poll_state::surroundings()
        .has(IN_TASK)
        .then(Run::of_task)
        .flatten();
    match run.as_ref().and_then(Run::owe) {
        Some(owed) => {
            let call = OwnedCall::start::<R, _>(limiter, false, move || {
                // Dropped when the function has returned.
                let _owed: Owed = owed;
                function();
            });
            drop(call);
        }
        None => function(),
    }
}

/// A job that waits for a token in the limiter's queue. It is its own waker, which the release of a token
/// wakes.
struct QueuedJob<R: Runtime> {
    state: Mutex<QueueState>,
    handle: R::Handle,
    run: Option<Arc<Run>>,
    in_task: bool,
}

struct QueueState {
    /// The wait and the job; `None` while one thread polls them, and after the hand-over.
    waiting: Option<(TokenFuture, Box<dyn TokenJob>)>,
    /// Set by a wake-up that found `waiting` taken: the polling thread must poll again.
    woken: bool,
}

type TokenFuture = Pin<Box<dyn Future<Output = CapacityTokenArc> + Send>>;

/// A job that can be given a token.
pub(super) trait TokenJob: Send {
    fn with_token(self: Box<Self>, token: CapacityTokenArc) -> Box<dyn Job>;
}

impl<F, T> TokenJob for Work<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn with_token(mut self: Box<Self>, token: CapacityTokenArc) -> Box<dyn Job> {
        self.token = Some(token);
        self
    }
}

impl<R: Runtime> QueuedJob<R> {
    fn enqueue(limiter: &Arc<CapacityLimiter>, run: Option<Arc<Run>>, job: Box<dyn TokenJob>) {
        let handle = R::current().unwrap_or_else(|error| panic!("{error}"));
        let queued = Arc::new(QueuedJob::<R> {
            state: Mutex::new(QueueState {
                waiting: Some((Box::pin(limiter.acquire_arc_started()), job)),
                woken: false,
            }),
            handle,
            run,
            in_task: poll_state::surroundings().has(IN_TASK),
        });
        // The first poll, which puts the job into the queue. `enqueue` needs no further wait.
        queued.advance();
    }

    /// Polls for the token, and hands the job over once it is granted.
    ///
    /// Several threads may call this at once; the one that takes `waiting` polls, and the others leave
    /// `woken` for it. The loop ends: each further round consumes a wake-up, and after the grant there is
    /// none.
    fn advance(self: &Arc<Self>) {
        loop {
            // 1. Take the wait, or leave a note for the thread that has it.
            let mut state = lock(&self.state);
            let Some((mut token, job)) = state.waiting.take() else {
                state.woken = true;
                return;
            };
            state.woken = false;
            // 2. Poll without the lock: the limiter may wake this job at once, from another thread or this
            //    one.
            drop(state);
            let waker = Waker::from(self.clone());
            match token.as_mut().poll(&mut task::Context::from_waker(&waker)) {
                Poll::Ready(token) => return self.hand_over(job.with_token(token)),
                Poll::Pending => {
                    let mut state = lock(&self.state);
                    // 3. Put the wait back. A wake-up since step 1 found none, and is made up for here.
                    state.waiting = Some((token, job));
                    if !state.woken {
                        return;
                    }
                }
            }
        }
    }

    /// Hands the job to the workers of the run, or to the runtime where the call was made outside of a task.
    fn hand_over(&self, job: Box<dyn Job>) {
        match &self.run {
            // The runtime's handle was taken in `enqueue`: a release may come from any thread.
            Some(run) if self.in_task => Workers::hand_over_from::<R>(&self.handle, run, job),
            _ => alone::<R>(&self.handle, job),
        }
    }
}

impl<R: Runtime> Wake for QueuedJob<R> {
    fn wake(self: Arc<Self>) {
        self.advance();
    }
}
