//! Clean-up that may await: a body, and then a shielded clean-up.
//!
//! ```text
//!   ┌──────┐ ready, interrupted or panicked ┌─────────┐ ended ┌─────────────┐
//!   │ Body │ ─────────────────────────────▶ │ Cleanup │ ────▶ │ Interrupted │ stays, or panics
//!   └──────┘                                └─────────┘       └─────────────┘
//!      │  the clean-up panics while it is created                     ▲
//!      └──────────────────────────────────────────────────────────────┘
//! ```
//!
//! A value or a panic is returned on the way to `Interrupted`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::shield::ShieldPolicy;
use crate::engine::{Ended, Frame, FramePolicy, Polled, poll_state};
use crate::loom::{Arc, Mutex, lock};
use crate::unwind::drop_quietly;

/// Runs `body`, and then `cleanup`, shielded from cancellation, however the body ended (rule
/// [C8](crate::rules#c8)).
///
/// The clean-up runs after a value, after an interruption by cancellation, and after a panic, which continues
/// afterwards. Cancelled scopes around it wait for it. For a limit, put one inside: `finally(body, ||
/// move_on_after(limit, tidy()))`.
///
/// # Cancel safety
///
/// Dropping the returned future from outside, as `select!` does with the losers, drops `body` and `cleanup` where
/// they are: Rust has no asynchronous drop (rule [C10](crate::rules#c10)).
///
/// # Panics
///
/// If it was interrupted, and is then polled again outside of the scope that was cancelled. That can happen
/// to a future that was lent to a scope. A panic of the clean-up replaces one of the body.
pub fn finally<B, C, CF>(body: B, cleanup: C) -> Finally<B, C, CF>
where
    B: Future,
    C: FnOnce() -> CF,
    CF: Future<Output = ()>,
{
    Finally {
        step: FinallyStep::Body(Frame::new(body)),
        cleanup: Some(cleanup),
        ended: None,
    }
}

/// The future of [`finally`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[pin_project]
pub struct Finally<B: Future, C, CF: Future> {
    #[pin]
    step: FinallyStep<B, CF>,
    cleanup: Option<C>,
    ended: Option<Ended<B::Output>>,
}

#[pin_project(project = FinallyStepProjection)]
enum FinallyStep<B, CF> {
    Body(#[pin] Frame<B>),
    Cleanup(#[pin] Frame<CF>),
    Interrupted,
}

/// The policy of the body of a `finally`, and of a future that a worker thread has its caller poll. Any
/// cancellation interrupts it, since more work follows.
pub(crate) struct BodyPolicy;

impl FramePolicy for BodyPolicy {
    const CATCHES: bool = true;
    const CATCHES_PANICS: bool = true;
}

impl<B, C, CF> Future for Finally<B, C, CF>
where
    B: Future,
    C: FnOnce() -> CF,
    CF: Future<Output = ()>,
{
    type Output = B::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        // Ends: each repetition moves to a later step.
        loop {
            match this.step.as_mut().project() {
                FinallyStepProjection::Body(mut frame) => {
                    let ended = match frame.as_mut().poll(cx, &mut BodyPolicy) {
                        Polled::Pending => {
                            frame.hold(cx);
                            return Poll::Pending;
                        }
                        Polled::Ready(value) => Ended::Completed(value),
                        Polled::Interrupted => Ended::Interrupted,
                        Polled::Panicked(payload) => Ended::Panicked(payload),
                    };
                    *this.ended = Some(ended);
                    let cleanup = this.cleanup.take().expect("the clean-up begins once");
                    // A clean-up that panics while it is created counts as one that panics later.
                    match catch_unwind(AssertUnwindSafe(cleanup)) {
                        Ok(cleanup) => this.step.set(FinallyStep::Cleanup(Frame::new(cleanup))),
                        Err(payload) => {
                            this.step.set(FinallyStep::Interrupted);
                            drop_quietly(this.ended.take());
                            resume_unwind(payload);
                        }
                    }
                }
                FinallyStepProjection::Cleanup(mut frame) => {
                    match frame.as_mut().poll(cx, &mut ShieldPolicy::<true>) {
                        Polled::Ready(()) => {}
                        Polled::Panicked(payload) => {
                            this.step.set(FinallyStep::Interrupted);
                            drop_quietly(this.ended.take());
                            resume_unwind(payload);
                        }
                        Polled::Interrupted | Polled::Pending => {
                            frame.hold_as_shield(cx);
                            return Poll::Pending;
                        }
                    }
                    this.step.set(FinallyStep::Interrupted);
                    match this.ended.take() {
                        Some(Ended::Completed(value)) => return Poll::Ready(value),
                        Some(Ended::Panicked(payload)) => resume_unwind(payload),
                        Some(Ended::Interrupted) | None => {}
                    }
                }
                FinallyStepProjection::Interrupted => {
                    if poll_state::effectively_cancelled() {
                        poll_state::refuse(cx);
                        return Poll::Pending;
                    }
                    panic!(
                        "this `finally` was interrupted by a cancellation and has no value: it \
                         must not be polled again outside the scope that was cancelled"
                    );
                }
            }
        }
    }
}

impl<B: Future, C, CF: Future> fmt::Debug for Finally<B, C, CF> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            FinallyStep::Body(_) => "body",
            FinallyStep::Cleanup(_) => "clean-up",
            FinallyStep::Interrupted => "ended",
        };
        f.debug_struct("Finally")
            .field("step", &step)
            .finish_non_exhaustive()
    }
}

/// Lends a resource to `body`, and passes it to `cleanup` however the body ended (rule [C8](crate::rules#c8)).
///
/// This is [`finally`] for a value that both need: the body gets a guard that derefs to it, and the clean-up
/// gets the value back.
///
/// # Cancel safety
///
/// As [`finally`]: dropped from outside, the resource is dropped without `cleanup`.
///
/// # Panics
///
/// As [`finally`]; and if the body ended while the guard is still alive elsewhere, such as in a child task:
/// the clean-up then has no resource. Keep the guard in the body.
pub fn with_resource<R, T, B, BF, C, CF>(
    resource: R,
    body: B,
    cleanup: C,
) -> impl Future<Output = T> + use<R, T, B, BF, C, CF>
where
    B: FnOnce(Leased<R>) -> BF,
    BF: Future<Output = T>,
    C: FnOnce(R) -> CF,
    CF: Future<Output = ()>,
{
    let place = Arc::new(Mutex::new(None));
    let lent = Leased {
        resource: Some(resource),
        place: place.clone(),
    };
    // The body is created when it is first polled, as in all futures here.
    finally(async move { body(lent).await }, move || {
        let resource = lock(&place).take();
        let resource = resource.expect(
            "the guard of `with_resource` outlived its body: keep it in the body, so that the \
             clean-up gets the resource",
        );
        cleanup(resource)
    })
}

/// The guard through which the body of [`with_resource`] uses the resource.
///
/// Dropping it returns the resource.
#[must_use = "the resource goes back when the guard is dropped"]
pub struct Leased<R> {
    resource: Option<R>,
    place: Arc<Mutex<Option<R>>>,
}

impl<R> Deref for Leased<R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.resource
            .as_ref()
            .expect("the resource is there until the guard is dropped")
    }
}

impl<R> DerefMut for Leased<R> {
    fn deref_mut(&mut self) -> &mut R {
        self.resource
            .as_mut()
            .expect("the resource is there until the guard is dropped")
    }
}

impl<R> Drop for Leased<R> {
    fn drop(&mut self) {
        *lock(&self.place) = self.resource.take();
    }
}

impl<R: fmt::Debug> fmt::Debug for Leased<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leased").field(&**self).finish()
    }
}
