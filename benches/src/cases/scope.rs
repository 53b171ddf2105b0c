//! What scopes cost on each poll of what is in them.

use std::future::poll_fn;
use std::hint::black_box;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyrt_core::cancel::{CancelHandle, CancelScope, move_on_at, shield};
use anyrt_core::runtime::Time;

use super::{Case, Floor, Side};
use crate::lane::{self, AsyncStdShared, Lane, SmolOne, TokioCurrent};

/// Times ten rounds are the ten million of the issue.
const POLLS: usize = 1_000_000;

const NO_TIMER: f64 = 5.0;

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<SmolOne>(cases);
    add_on::<AsyncStdShared>(cases);
}

fn add_on<L: Lane>(cases: &mut Vec<Case>) {
    add_kind::<L, Plain<L::Runtime>>(cases, NO_TIMER);
    add_kind::<L, Timed<L::Runtime>>(cases, f64::INFINITY);
    add_kind::<L, Handled<L::Runtime>>(cases, f64::INFINITY);
    add_kind::<L, Shielded>(cases, f64::INFINITY);
}

fn add_kind<L: Lane, W: Wrap>(cases: &mut Vec<Case>, at_most: f64) {
    let mut add = |scopes, run: fn(Side, usize) -> Duration| {
        cases.push(Case::new(
            format!("poll in {scopes} {}", W::NAME),
            L::NAME,
            "poll without",
            POLLS,
            Floor::PerScope { scopes, at_most },
            run,
        ));
    };
    add(1, |side, count| match side {
        Side::Ours => in_scopes::<L, _>(count, || W::wrap(Endless)),
        Side::Theirs => in_scopes::<L, _>(count, || Endless),
    });
    add(3, |side, count| match side {
        Side::Ours => in_scopes::<L, _>(count, || wrap_3::<W, _>(Endless)),
        Side::Theirs => in_scopes::<L, _>(count, || Endless),
    });
    add(10, |side, count| match side {
        Side::Ours => in_scopes::<L, _>(count, || {
            W::wrap(wrap_3::<W, _>(wrap_3::<W, _>(wrap_3::<W, _>(Endless))))
        }),
        Side::Theirs => in_scopes::<L, _>(count, || Endless),
    });
}

/// Both sides run in a task of anyrt's, so the scopes are all that differs.
fn in_scopes<L: Lane, F: Future + Send + 'static>(count: usize, make: fn() -> F) -> Duration {
    lane::ours::<L, _>(async move {
        let mut future = pin!(make());
        poll_fn(|cx| {
            let start = Instant::now();
            for _ in 0..count {
                let polled = black_box(future.as_mut()).poll(cx);
                assert!(polled.is_pending(), "nothing ends it");
            }
            Poll::Ready(start.elapsed())
        })
        .await
    })
}

fn wrap_3<W: Wrap, F: Future + Send + 'static>(
    future: F,
) -> impl Future<Output = F::Output> + Send + 'static {
    W::wrap(W::wrap(W::wrap(future)))
}

/// A future that does as little as a future can.
struct Endless;

impl Future for Endless {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        black_box(cx);
        Poll::Pending
    }
}

/// A kind of scope.
trait Wrap: 'static {
    const NAME: &'static str;

    fn wrap<F: Future + Send + 'static>(
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'static;
}

/// A scope whose deadline needs no timer.
struct Plain<R>(PhantomData<R>);

impl<R: Time> Wrap for Plain<R> {
    const NAME: &'static str = "scopes";

    fn wrap<F: Future + Send + 'static>(
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'static {
        let limited = move_on_at::<R, _>(anyrt_core::time::Instant::FAR_FUTURE, future);
        async { limited.await.expect("no deadline passes") }
    }
}

/// A scope with a deadline in an hour. Of nested ones the innermost is asked first, so each has
/// its timer.
struct Timed<R>(PhantomData<R>);

impl<R: Time> Wrap for Timed<R> {
    const NAME: &'static str = "scopes with timers";

    fn wrap<F: Future + Send + 'static>(
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'static {
        // Those further out are made later, and end later.
        let deadline = R::now() + Duration::from_secs(3600);
        let limited = move_on_at::<R, _>(deadline, future);
        async { limited.await.expect("no deadline passes") }
    }
}

/// A scope that somebody could cancel.
struct Handled<R>(PhantomData<R>);

impl<R: Time> Wrap for Handled<R> {
    const NAME: &'static str = "scopes with handles";

    fn wrap<F: Future + Send + 'static>(
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'static {
        let scope = CancelScope::<R>::new();
        let handle: CancelHandle = scope.handle();
        let scope = scope.run(future);
        async move {
            let output = scope.await.expect("nobody cancels the scope");
            drop(handle);
            output
        }
    }
}

struct Shielded;

impl Wrap for Shielded {
    const NAME: &'static str = "shields";

    fn wrap<F: Future + Send + 'static>(
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'static {
        shield(future)
    }
}
