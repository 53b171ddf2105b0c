//! The cost of scopes for each poll of the future in them.

use std::future::poll_fn;
use std::hint::black_box;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, move_on_at, shield};
use anyrt_core::runtime::Time;

use super::{Case, Floor, Side};
use crate::clock::Start;
use crate::setup::{self, AsyncStdShared, Setup, SmolOne, TokioCurrent};

/// With ten rounds, these are the ten million polls of the issue.
const POLLS: usize = 1_000_000;

const NO_TIMER: f64 = 5.0;

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<SmolOne>(cases);
    add_on::<AsyncStdShared>(cases);
}

fn add_on<L: Setup>(cases: &mut Vec<Case>) {
    add_kind::<L, Plain<L::Runtime>>(cases, NO_TIMER);
    add_kind::<L, Timed<L::Runtime>>(cases, f64::INFINITY);
    add_kind::<L, Handled<L::Runtime>>(cases, f64::INFINITY);
    add_kind::<L, Shielded>(cases, f64::INFINITY);
}

fn add_kind<L: Setup, W: Wrap>(cases: &mut Vec<Case>, at_most: f64) {
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

/// Polls a future in scopes. Both sides run in a task of anyrt, so that the scopes are the only
/// difference.
fn in_scopes<L: Setup, F: Quiet>(count: usize, make: fn() -> F) -> Duration {
    setup::ours::<L, _>(async move {
        let mut future = pin!(make());
        poll_fn(|cx| {
            let start = Start::now();
            for _ in 0..count {
                let polled = black_box(future.as_mut()).poll(cx);
                assert!(polled.is_pending(), "nothing ends it");
            }
            Poll::Ready(start.elapsed())
        })
        .await
    })
}

fn wrap_3<W: Wrap, F: Quiet>(future: F) -> impl Quiet {
    W::wrap(W::wrap(W::wrap(future)))
}

/// A future that does nothing and never completes.
struct Endless;

impl Future for Endless {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        black_box(cx);
        Poll::Pending
    }
}

/// A future that only has to be polled in a task.
trait Quiet: Future<Output: Send> + Send + 'static {}

impl<F: Future<Output: Send> + Send + 'static> Quiet for F {}

/// A kind of scope.
///
/// The future of the scope is returned directly: an `async` block around each would double the size at
/// each level.
trait Wrap: 'static {
    const NAME: &'static str;

    fn wrap<F: Quiet>(future: F) -> impl Quiet;
}

/// A scope whose deadline needs no timer.
struct Plain<R>(PhantomData<R>);

impl<R: Time> Wrap for Plain<R> {
    const NAME: &'static str = "scopes";

    fn wrap<F: Quiet>(future: F) -> impl Quiet {
        move_on_at::<R, _>(anyrt_core::time::Instant::FAR_FUTURE, future)
    }
}

/// A scope with a deadline in an hour. Inner scopes are created first, and outer ones have later
/// deadlines. So no scope has an enclosing deadline that is earlier, and each has its timer.
struct Timed<R>(PhantomData<R>);

impl<R: Time> Wrap for Timed<R> {
    const NAME: &'static str = "scopes with timers";

    fn wrap<F: Quiet>(future: F) -> impl Quiet {
        move_on_at::<R, _>(R::now() + Duration::from_secs(3600), future)
    }
}

/// A scope with a handle, which could cancel it.
struct Handled<R>(PhantomData<R>);

impl<R: Time> Wrap for Handled<R> {
    const NAME: &'static str = "scopes with handles";

    fn wrap<F: Quiet>(future: F) -> impl Quiet {
        CancelScope::<R>::new().run(future)
    }
}

struct Shielded;

impl Wrap for Shielded {
    const NAME: &'static str = "shields";

    fn wrap<F: Quiet>(future: F) -> impl Quiet {
        shield(future)
    }
}
