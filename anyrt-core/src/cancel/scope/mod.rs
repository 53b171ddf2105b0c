//! Cancel scopes with and without handles, on the frames of `engine`.

mod mode;

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project::pin_project;

pub use self::mode::{Catch, Fail, Mode, MoveOn};
use super::handle::CancelHandle;
use crate::engine::clock::Clock;
use crate::engine::{
    Cancelled, Cause, Frame, LazyTimer, Node, PlainScopePolicy, Polled, ScopePolicy,
    poll_deadlines, poll_state, trace,
};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::Time;

/// A cancel scope: cancelling it interrupts the future that runs inside, and nothing else.
///
/// A scope serves for one future: [`run`](CancelScope::run) consumes it (rule [C1](crate::rules#c1)). With its
/// [`handle`](CancelScope::handle), any task or thread can cancel it, move its deadline, or switch its shield,
/// before and while it runs.
///
/// If no handle is needed, [`move_on_after`] and [`fail_after`] do the same without allocating.
///
/// The semantics are those of Trio and AnyIO, applied to futures: a cancelled scope continues to poll its future
/// as long as something in it holds (rule [C6](crate::rules#c6)), and then drops it.
#[must_use = "a scope does nothing until it is given a future to run"]
pub struct CancelScope<R> {
    node: Arc<Node>,
    /// The length, if that was set last. Other settings are in the node, so that handles see and change them.
    limit: TimeLimit,
    runtime: PhantomData<fn() -> R>,
}

/// The time limit of a scope: a deadline, or a length that becomes one when the scope is entered.
#[derive(Clone, Copy, Debug)]
enum TimeLimit {
    None,
    At(Instant),
    After(Duration),
}

impl TimeLimit {
    /// Returns the deadline, as of now, and whether it has passed.
    #[inline]
    fn resolve<R: Time>(self) -> (Instant, bool) {
        match self {
            TimeLimit::None => (Instant::FAR_FUTURE, false),
            TimeLimit::At(Instant::FAR_FUTURE) => (Instant::FAR_FUTURE, false),
            TimeLimit::At(at) => (at, at <= R::now()),
            TimeLimit::After(Duration::ZERO) => (R::now(), true),
            TimeLimit::After(length) => (R::now() + length, false),
        }
    }
}

impl<R: Time> CancelScope<R> {
    /// Creates a scope without deadline or shield.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// let value = CancelScope::new().run(async { 6 * 7 }).await;
    /// assert_eq!(value, Ok(42));
    /// # });
    /// ```
    pub fn new() -> CancelScope<R> {
        CancelScope {
            node: Node::with_clock(Clock::of::<R>()),
            limit: TimeLimit::None,
            runtime: PhantomData,
        }
    }

    /// Sets the deadline at which the scope is cancelled. A deadline that has passed cancels it on entry (rule
    /// [C9](crate::rules#c9)).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::{CancelScope, Cause};
    ///
    /// # anyrt::run(async {
    /// let scope = CancelScope::new().deadline(anyrt::now());
    /// let cancelled = scope.run(anyrt::sleep_forever()).await.unwrap_err();
    /// assert_eq!(cancelled.cause(), Cause::Deadline);
    /// # });
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> CancelScope<R> {
        self.limit = TimeLimit::None;
        self.node.init_deadline(deadline);
        self
    }

    /// Sets the time after which the scope is cancelled, counted from the first poll of its future.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let scope = CancelScope::new().within(Duration::from_millis(1));
    /// assert!(scope.run(anyrt::sleep_forever()).await.is_err());
    /// # });
    /// ```
    pub fn within(mut self, limit: Duration) -> CancelScope<R> {
        self.limit = TimeLimit::After(limit);
        self.node.init_deadline(Instant::FAR_FUTURE);
        self
    }

    /// Shields the inside from cancellation outside, until the shield is switched off through a handle. The
    /// scope's own cancellation still works.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// let outer = CancelScope::new();
    /// outer.handle().cancel();
    /// let saved = outer.run(async {
    ///     let commit = async {
    ///         anyrt::checkpoint().await;
    ///         "saved"
    ///     };
    ///     CancelScope::new().shielded().run(commit).await
    /// });
    /// assert_eq!(saved.await.unwrap(), Ok("saved"));
    /// # });
    /// ```
    pub fn shielded(self) -> CancelScope<R> {
        self.node.mark_shielded();
        self
    }

    /// Sets the name of the scope, for listings.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// let scope = CancelScope::new().name("upload");
    /// scope.handle().cancel();
    /// let listing = scope.run(anyrt::shield(async {
    ///     anyrt::checkpoint().await;
    ///     anyrt::task::tree().unwrap().to_string()
    /// }));
    /// assert!(listing.await.unwrap().contains("upload"));
    /// # });
    /// ```
    pub fn name(self, name: impl Into<String>) -> CancelScope<R> {
        self.node.set_name(name.into().into());
        self
    }

    /// Returns a handle, which can cancel the scope from any thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// let scope = CancelScope::new();
    /// let handle = scope.handle();
    /// std::thread::spawn(move || handle.cancel());
    /// assert!(scope.run(anyrt::sleep_forever()).await.is_err());
    /// # });
    /// ```
    pub fn handle(&self) -> CancelHandle {
        CancelHandle::new(self.node.clone())
    }

    /// Runs a future in the scope.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops the inner one, without clean-up code.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the future was interrupted because this scope was cancelled. A future that completes
    /// returns its value, cancelled or not (rule [C7](crate::rules#c7)).
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::CancelScope;
    ///
    /// # anyrt::run(async {
    /// assert_eq!(CancelScope::new().run(async { 42 }).await, Ok(42));
    ///
    /// let cancelled = CancelScope::new();
    /// cancelled.handle().cancel();
    /// assert!(cancelled.run(anyrt::sleep_forever()).await.is_err());
    /// # });
    /// ```
    pub fn run<F: Future>(self, future: F) -> Scope<R, F, Catch> {
        let CancelScope { node, limit, .. } = self;
        Scope {
            frame: Frame::with_node(future, node),
            timer: LazyTimer::new(),
            limit,
            deadline: Instant::FAR_FUTURE,
            own: false,
            interrupted: false,
            mode: Catch(()),
            runtime: PhantomData,
        }
    }
}

impl<R: Time> Default for CancelScope<R> {
    fn default() -> Self {
        CancelScope::new()
    }
}

impl<R> fmt::Debug for CancelScope<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("node", &self.node)
            .field("limit", &self.limit)
            .finish()
    }
}

/// Runs a future for at most `limit`, counted from its first poll. Returns `None` if it was interrupted.
///
/// A limit of zero interrupts the future at its first wait. Inside a scope that is cancelled the call does
/// not end: the cancellation moves on outwards.
///
/// # Cancel safety
///
/// Dropping the returned future drops the inner one, without clean-up code.
pub fn move_on_after<R: Time, F: Future>(limit: Duration, future: F) -> Scope<R, F, MoveOn> {
    Scope::plain(TimeLimit::After(limit), future, MoveOn(()))
}

/// Runs a future until `deadline` at most. Returns `None` if it was interrupted. See [`move_on_after`].
pub fn move_on_at<R: Time, F: Future>(deadline: Instant, future: F) -> Scope<R, F, MoveOn> {
    Scope::plain(TimeLimit::At(deadline), future, MoveOn(()))
}

/// Runs a future for at most `limit`, counted from its first poll. Returns an error if it was interrupted.
///
/// It differs from [`move_on_after`] only in the result.
///
/// # Errors
///
/// [`Elapsed`](crate::error::Elapsed) if the future was interrupted.
///
/// # Cancel safety
///
/// Dropping the returned future drops the inner one, without clean-up code.
pub fn fail_after<R: Time, F: Future>(limit: Duration, future: F) -> Scope<R, F, Fail> {
    Scope::plain(TimeLimit::After(limit), future, Fail { reason: None })
}

/// Runs a future until `deadline` at most. Returns an error if it was interrupted. See [`fail_after`].
///
/// # Errors
///
/// [`Elapsed`](crate::error::Elapsed) if the future was interrupted.
pub fn fail_at<R: Time, F: Future>(deadline: Instant, future: F) -> Scope<R, F, Fail> {
    Scope::plain(TimeLimit::At(deadline), future, Fail { reason: None })
}

/// A future that runs in a cancel scope. [`CancelScope::run`], [`move_on_after`], [`fail_after`] and similar
/// functions return it.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Scope<R: Time, F: Future, M> {
    #[pin]
    frame: Frame<F>,
    #[pin]
    timer: LazyTimer<R>,
    limit: TimeLimit,
    /// The deadline of a scope without a handle. With a handle, the node has it.
    deadline: Instant,
    own: bool,
    interrupted: bool,
    mode: M,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Time, F: Future, M> Scope<R, F, M> {
    fn plain(limit: TimeLimit, future: F, mode: M) -> Scope<R, F, M> {
        Scope {
            frame: Frame::new(future),
            timer: LazyTimer::new(),
            limit,
            deadline: Instant::FAR_FUTURE,
            own: false,
            interrupted: false,
            mode,
            runtime: PhantomData,
        }
    }
}

impl<R: Time, F: Future> Scope<R, F, Fail> {
    /// Sets the reason for the limit, which the error's message contains.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # anyrt::run(async {
    /// let reply = anyrt::fail_after(Duration::from_millis(1), anyrt::sleep_forever());
    /// let elapsed = reply.reason("waiting for the reply").await.unwrap_err();
    /// assert_eq!(elapsed.reason(), Some("waiting for the reply"));
    /// # });
    /// ```
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.mode.reason = Some(reason.into().into_boxed_str());
        self
    }
}

impl<R: Time, F: Future, M: Mode> Future for Scope<R, F, M> {
    type Output = M::Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // 1. Report again, if the future was interrupted before.
        if *this.interrupted {
            return interrupted_before(this.frame.node(), this.mode, cx);
        }
        // 2. Fix the deadline on the first poll.
        if !this.frame.has_begun() {
            let (deadline, passed) = this.limit.resolve::<R>();
            *this.deadline = deadline;
            *this.own = passed;
            if M::HANDLE {
                if let Some(node) = this.frame.node() {
                    node.begin(deadline);
                }
            }
        }
        // Ends: each repetition has cancelled or aborted the scope, which happens once each.
        loop {
            // 3. Poll the future in the frame.
            let polled = if M::HANDLE {
                this.frame.as_mut().poll(cx, &mut ScopePolicy::<false>)
            } else {
                let plain = match *this.own {
                    true => None,
                    false => this.frame.as_mut().poll_plainly(cx, *this.deadline),
                };
                match plain {
                    Some(Poll::Ready(value)) => return Poll::Ready(M::completed(value)),
                    Some(Poll::Pending) => Polled::Pending,
                    None => {
                        let (deadline, own) = (*this.deadline, *this.own);
                        this.frame.as_mut().poll(
                            cx,
                            &mut PlainScopePolicy {
                                deadline,
                                own,
                                clock: Clock::of::<R>(),
                            },
                        )
                    }
                }
            };
            match polled {
                Polled::Ready(value) => return Poll::Ready(M::completed(value)),
                Polled::Panicked(payload) => std::panic::resume_unwind(payload),
                Polled::Interrupted => {
                    *this.interrupted = true;
                    return interrupted_before(this.frame.node(), this.mode, cx);
                }
                Polled::Pending => {}
            }
            // 4. If it is pending, poll the deadline. If that has passed, cancel and repeat.
            if M::HANDLE {
                let Some(node) = this.frame.node() else {
                    return Poll::Pending;
                };
                if poll_deadlines(node, this.timer.as_mut(), cx) {
                    continue;
                }
                if node.is_shielded() {
                    this.frame.as_mut().hold(cx);
                } else {
                    node.release_if_held();
                }
                return Poll::Pending;
            }
            if let Some(node) = this.frame.node() {
                // Groups inside read the deadline in the node.
                node.bring_deadline_forward(*this.deadline);
            }
            if *this.own || this.timer.as_mut().poll(cx, *this.deadline).is_pending() {
                return Poll::Pending;
            }
            // An enclosing deadline that cannot be moved, and is not later, comes first. This scope needs its
            // timer all the same: the future may leave the outer scope, and this scope be polled outside of
            // it.
            if poll_state::surroundings().local_deadline <= *this.deadline {
                return Poll::Pending;
            }
            trace::deadline_reached();
            *this.own = true;
        }
    }
}

/// Returns the result of a scope whose future is gone: pending, if an enclosing scope catches the
/// cancellation, or the scope's own result.
#[cold]
fn interrupted_before<M: Mode, T>(
    node: Option<&Arc<Node>>,
    mode: &mut M,
    cx: &mut Context<'_>,
) -> Poll<M::Output<T>> {
    // A shielded scope can only be interrupted by its own cancellation. It returns the result, and code after
    // it runs up to its next wait.
    let shielded = node.is_some_and(|node| node.is_shielded());
    if !shielded && poll_state::effectively_cancelled() {
        poll_state::refuse(cx);
        return Poll::Pending;
    }
    let cause = match node {
        Some(node) if M::HANDLE => {
            node.set_caught();
            node.cause()
        }
        _ => None,
    };
    Poll::Ready(mode.interrupted(cause.unwrap_or_else(|| Cancelled::new(Cause::Deadline))))
}

impl<R: Time, F: Future, M> fmt::Debug for Scope<R, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("deadline", &self.deadline)
            .field("interrupted", &self.interrupted)
            .finish_non_exhaustive()
    }
}
