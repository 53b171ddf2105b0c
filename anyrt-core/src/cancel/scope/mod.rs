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
    poll_deadlines, poll_state,
};
use crate::instant::Instant;
use crate::loom::Arc;
use crate::runtime::Time;

/// A cancel scope: cancelling it interrupts what runs inside, and nothing else.
///
/// A scope serves for one future: [`run`](CancelScope::run) consumes it (rule C1). Whoever has a
/// [`handle`](CancelScope::handle) can cancel it, move its deadline, or switch its shield, before
/// and while it runs, from any task or thread.
///
/// Where no handle is needed, [`move_on_after`] and [`fail_after`] do the same without
/// allocating.
///
/// The semantics are Trio's and AnyIO's, carried over to futures: a cancelled scope goes on
/// polling its future while something in it has unfinished business (rule C6), and drops it then.
#[must_use = "a scope does nothing until it is given a future to run"]
pub struct CancelScope<R> {
    node: Arc<Node>,
    /// A length, if that was given after every deadline. All else is the node's, so that handles see
    /// and change it.
    limit: Limits,
    runtime: PhantomData<fn() -> R>,
}

/// A deadline, or a length that becomes one when the scope is entered.
#[derive(Clone, Copy, Debug)]
enum Limits {
    None,
    At(Instant),
    After(Duration),
}

impl Limits {
    #[inline]
    fn resolve<R: Time>(self) -> (Instant, bool) {
        match self {
            Limits::None => (Instant::FAR_FUTURE, false),
            Limits::At(Instant::FAR_FUTURE) => (Instant::FAR_FUTURE, false),
            Limits::At(at) => (at, at <= R::now()),
            Limits::After(Duration::ZERO) => (R::now(), true),
            Limits::After(length) => (R::now() + length, false),
        }
    }
}

impl<R: Time> CancelScope<R> {
    /// A scope without deadline or shield.
    pub fn new() -> CancelScope<R> {
        CancelScope {
            node: Node::with_clock(Clock::of::<R>()),
            limit: Limits::None,
            runtime: PhantomData,
        }
    }

    /// Cancels the scope at `deadline`. One that has passed cancels it on entry (rule C9).
    pub fn deadline(mut self, deadline: Instant) -> CancelScope<R> {
        self.limit = Limits::None;
        self.node.init_deadline(deadline);
        self
    }

    /// Cancels the scope when `limit` has passed since its future was first polled.
    pub fn within(mut self, limit: Duration) -> CancelScope<R> {
        self.limit = Limits::After(limit);
        self.node.init_deadline(Instant::FAR_FUTURE);
        self
    }

    /// Keeps cancellation from outside away from the inside, until the shield is switched off
    /// through a handle. The scope's own cancellation still works.
    pub fn shielded(self) -> CancelScope<R> {
        self.node.mark_shielded();
        self
    }

    /// Names the scope, for listings.
    pub fn name(self, name: impl Into<String>) -> CancelScope<R> {
        self.node.set_name(name.into().into());
        self
    }

    /// A handle, with which anybody can cancel the scope.
    pub fn handle(&self) -> CancelHandle {
        CancelHandle::new(self.node.clone())
    }

    /// Runs a future in the scope.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops what runs in the scope, without clean-up code.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the future was interrupted because this scope was cancelled. A future
    /// that completes gives its value, cancelled or not (rule C7).
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

/// Runs a future for at most `limit`, counted from its first poll; `None` if it was interrupted.
///
/// A limit of zero interrupts the future at its first wait. Inside a scope that is cancelled the
/// call does not end: the cancellation moves on outwards.
///
/// # Cancel safety
///
/// Dropping the returned future drops what runs in it, without clean-up code.
pub fn move_on_after<R: Time, F: Future>(limit: Duration, future: F) -> Scope<R, F, MoveOn> {
    Scope::plain(Limits::After(limit), future, MoveOn(()))
}

/// Runs a future until `deadline` at most; `None` if it was interrupted. See [`move_on_after`].
pub fn move_on_at<R: Time, F: Future>(deadline: Instant, future: F) -> Scope<R, F, MoveOn> {
    Scope::plain(Limits::At(deadline), future, MoveOn(()))
}

/// Runs a future for at most `limit`, counted from its first poll; an error if it was interrupted.
///
/// See [`move_on_after`], which this is but for the result.
///
/// # Errors
///
/// [`Elapsed`](crate::error::Elapsed) if the future was interrupted.
///
/// # Cancel safety
///
/// Dropping the returned future drops what runs in it, without clean-up code.
pub fn fail_after<R: Time, F: Future>(limit: Duration, future: F) -> Scope<R, F, Fail> {
    Scope::plain(Limits::After(limit), future, Fail { reason: None })
}

/// Runs a future until `deadline` at most; an error if it was interrupted. See [`fail_after`].
///
/// # Errors
///
/// [`Elapsed`](crate::error::Elapsed) if the future was interrupted.
pub fn fail_at<R: Time, F: Future>(deadline: Instant, future: F) -> Scope<R, F, Fail> {
    Scope::plain(Limits::At(deadline), future, Fail { reason: None })
}

/// A future that runs in a cancel scope: what [`CancelScope::run`], [`move_on_after`],
/// [`fail_after`] and their kin return.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Scope<R: Time, F: Future, M> {
    #[pin]
    frame: Frame<F>,
    #[pin]
    timer: LazyTimer<R>,
    limit: Limits,
    /// Of a scope without handle; where there is one, the node has it.
    deadline: Instant,
    own: bool,
    interrupted: bool,
    mode: M,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Time, F: Future, M> Scope<R, F, M> {
    fn plain(limit: Limits, future: F, mode: M) -> Scope<R, F, M> {
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
    /// Gives the reason for the limit, which then stands in the error's message.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.mode.reason = Some(reason.into().into_boxed_str());
        self
    }
}

impl<R: Time, F: Future, M: Mode> Future for Scope<R, F, M> {
    type Output = M::Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if *this.interrupted {
            return interrupted_before(this.frame.node(), this.mode, cx);
        }
        if !this.frame.has_begun() {
            let (deadline, passed) = this.limit.resolve::<R>();
            *this.deadline = deadline;
            *this.own = passed;
            if M::HANDLE
                && let Some(node) = this.frame.node()
            {
                node.begin(deadline);
            }
        }
        loop {
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
                // Groups inside read it there.
                node.limit(*this.deadline);
            }
            if *this.own || this.timer.as_mut().poll(cx, *this.deadline).is_pending() {
                return Poll::Pending;
            }
            // An enclosing deadline that cannot be moved, and is not later, comes first. It needs the
            // timer all the same: it may be left, and this one polled outside of it.
            if poll_state::surroundings().local_deadline <= *this.deadline {
                return Poll::Pending;
            }
            *this.own = true;
        }
    }
}

/// A scope whose future is gone: it reports that, unless an enclosing scope catches.
#[cold]
fn interrupted_before<M: Mode, T>(
    node: Option<&Arc<Node>>,
    mode: &mut M,
    cx: &mut Context<'_>,
) -> Poll<M::Output<T>> {
    // A shielded scope that was interrupted was so for its own reason: it reports, and what comes after
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
