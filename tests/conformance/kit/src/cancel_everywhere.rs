//! Cancels an operation at each of its polls in turn, in each way of cancelling.
//!
//! An operation that keeps an invariant (nothing lost, nothing done twice, clean-up done) has to keep it at
//! every point of cancellation. So the operation is run repeatedly: cancelled before its first poll, after
//! its first, after its second, until a run completes undisturbed. This is repeated for each [`Way`] of
//! cancelling.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::pin;
use std::task::Poll;

use anyrt_core::cancel::{CancelHandle, CancelScope};
use anyrt_core::runtime::{Enter, Runtime};

use crate::support::{Flag, run};

/// More polls than any operation under test needs.
const MOST_POLLS: usize = 500;

/// How an operation is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "checks should consider every way")]
pub enum Way {
    /// Through the handle of an enclosing scope, from outside, between two polls.
    Outside,
    /// Through the handle of an enclosing scope, from inside, during the poll.
    Inside,
    /// By dropping the operation, as a foreign `select!` does.
    Drop,
}

impl Way {
    /// Returns whether the operation is polled after the cancellation, so that its clean-ups run.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_conformance_kit::cancel_everywhere::Way;
    ///
    /// # fn example(way: Way, cleaned_up: bool) {
    /// // After a drop, no clean-up has run.
    /// assert_eq!(cleaned_up, way.is_orderly());
    /// # }
    /// ```
    #[must_use]
    pub fn is_orderly(self) -> bool {
        self != Way::Drop
    }
}

/// The poll of an operation at which it is to be cancelled, and the way.
#[derive(Debug)]
pub struct Cut<R> {
    way: Way,
    polls: usize,
    reached: Flag,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Cut<R> {
    /// Returns how the operation is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_conformance_kit::cancel_everywhere::{Cut, Way};
    ///
    /// # async fn example<R: anyrt_core::runtime::Runtime>(cut: &Cut<R>) {
    /// let outcome = cut.apply(std::future::ready(7)).await;
    /// assert!(outcome == Some(7) || !cut.way().is_orderly());
    /// # }
    /// ```
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// Drives the operation, and cancels it after `polls` polls. Returns its value if it completed
    /// nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_conformance_kit::cancel_everywhere::{Cut, cancel_everywhere};
    /// use anyrt_core::runtime::Enter;
    /// use anyrt_core::stream::memory_object_stream;
    ///
    /// fn nothing_is_lost<B: Enter>(backend: &B) {
    ///     let round = async |cut: &Cut<B::Runtime>| {
    ///         let (sender, receiver) = memory_object_stream(1);
    ///         sender.try_send(7).unwrap();
    ///         let received = cut.apply(receiver.receive()).await;
    ///         assert!(received.is_some() || receiver.try_receive() == Ok(7));
    ///     };
    ///     cancel_everywhere(backend, round, |_way, ()| ());
    /// }
    /// ```
    pub async fn apply<F: Future>(&self, operation: F) -> Option<F::Output> {
        match self.way {
            Way::Outside => self.outside(operation).await,
            Way::Inside => self.inside(operation).await,
            Way::Drop => self.by_drop(operation).await,
        }
    }

    /// Returns whether this is the place to cancel, with the operation still pending after `polls` polls,
    /// and records that it was reached.
    fn due(&self, polls: usize) -> bool {
        let due = polls == self.polls;
        if due {
            self.reached.raise();
        }
        due
    }

    async fn outside<F: Future>(&self, operation: F) -> Option<F::Output> {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut scoped = pin!(scope.run(operation));
        let mut polls = 0;
        let result = poll_fn(|cx| {
            if polls == 0 && self.due(0) {
                handle.cancel();
            }
            let polled = scoped.as_mut().poll(cx);
            polls += 1;
            if polled.is_pending() && self.due(polls) {
                handle.cancel();
            }
            polled
        });
        result.await.ok()
    }

    async fn inside<F: Future>(&self, operation: F) -> Option<F::Output> {
        let scope = CancelScope::<R>::new();
        let handle: CancelHandle = scope.handle();
        let result = scope.run(async {
            let mut operation = pin!(operation);
            let mut polls = 0;
            let polled = poll_fn(|cx| {
                if polls == 0 && self.due(0) {
                    handle.cancel();
                }
                let polled = operation.as_mut().poll(cx);
                polls += 1;
                if polled.is_pending() && self.due(polls) {
                    handle.cancel();
                }
                polled
            });
            polled.await
        });
        result.await.ok()
    }

    async fn by_drop<F: Future>(&self, operation: F) -> Option<F::Output> {
        let mut operation = Box::pin(operation);
        let mut polls = 0;
        poll_fn(|cx| {
            if polls == 0 && self.due(0) {
                return Poll::Ready(None);
            }
            let polled = operation.as_mut().poll(cx).map(Some);
            polls += 1;
            if polled.is_pending() && self.due(polls) {
                return Poll::Ready(None);
            }
            polled
        })
        .await
    }
}

/// Runs `round` once for each way and each poll, as the main future of a separate run.
///
/// The round calls [`Cut::apply`] on the operation, and checks the conditions that must hold at once. Its
/// value is passed to `after` when the run has ended, to check the conditions that must hold only then.
///
/// # Panics
///
/// If the operation does not complete after any number of polls.
///
/// # Examples
///
/// ```
/// use anyrt_conformance_kit::cancel_everywhere::{Cut, cancel_everywhere};
/// use anyrt_core::runtime::Enter;
/// use anyrt_core::sync::Mutex;
///
/// fn the_lock_is_released<B: Enter>(backend: &B) {
///     let round = async |cut: &Cut<B::Runtime>| {
///         let mutex = Mutex::new(());
///         cut.apply(async { drop(mutex.lock().await) }).await;
///         mutex.try_lock().is_ok()
///     };
///     cancel_everywhere(backend, round, |way, is_free| assert!(is_free, "{way:?}"));
/// }
/// ```
pub fn cancel_everywhere<B: Enter, S>(
    backend: &B,
    round: impl AsyncFn(&Cut<B::Runtime>) -> S,
    after: impl Fn(Way, S),
) {
    for way in [Way::Outside, Way::Inside, Way::Drop] {
        for polls in 0.. {
            assert!(
                polls < MOST_POLLS,
                "{way:?}: still pending after {MOST_POLLS} polls"
            );
            let cut = Cut {
                way,
                polls,
                reached: Flag::new(),
                runtime: PhantomData,
            };
            let state = run(backend, round(&cut));
            after(way, state);
            if !cut.reached.is_raised() {
                break;
            }
        }
    }
}
