//! The clock and timers of the ambient runtime.

use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::Time;
use anyrt_core::time::Instant;
use pin_project::pin_project;

use super::find::find;
use super::{
    Ambient, AsyncStd, Each, EachPinned, EachPinnedRef, Sim, Smol, Tokio, make_each, match_each,
};
use crate::Backend;

/// A future that completes at its deadline.
///
/// It is not `Unpin`, whichever backends are enabled, because the timers of some are not.
#[pin_project(!Unpin)]
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct AmbientTimer(
    #[pin]
    Each<
        <Tokio as Time>::Timer,
        <Smol as Time>::Timer,
        <AsyncStd as Time>::Timer,
        <Sim as Time>::Timer,
    >,
);

impl Future for AmbientTimer {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match_each!(EachPinned, self.project().0.project(), timer => timer.poll(cx))
    }
}

impl Time for Ambient {
    type Timer = AmbientTimer;

    #[inline]
    fn now() -> Instant {
        match found() {
            Backend::Tokio => Tokio::now(),
            Backend::Smol => Smol::now(),
            Backend::AsyncStd => AsyncStd::now(),
            Backend::Sim => Sim::now(),
        }
    }

    #[inline]
    fn timer(deadline: Instant) -> AmbientTimer {
        AmbientTimer(make_each!(found(), B => B::timer(deadline)))
    }

    #[inline]
    fn reset(timer: Pin<&mut AmbientTimer>, deadline: Instant) {
        let timer = timer.project().0.project();
        match_each!(EachPinned, timer, timer, B => B::reset(timer, deadline));
    }

    #[inline]
    fn may_have_fired(timer: Pin<&AmbientTimer>) -> bool {
        let timer = timer.project_ref().0.project_ref();
        match_each!(EachPinnedRef, timer, timer, B => B::may_have_fired(timer))
    }

    fn poll_quiet(cx: &mut Context<'_>) -> Option<Poll<()>> {
        match found() {
            Backend::Tokio => Tokio::poll_quiet(cx),
            Backend::Smol => Smol::poll_quiet(cx),
            Backend::AsyncStd => AsyncStd::poll_quiet(cx),
            Backend::Sim => Sim::poll_quiet(cx),
        }
    }
}

#[inline]
fn found() -> Backend {
    find().unwrap_or_else(|error| none(&error))
}

#[cold]
fn none(error: &NoRuntime) -> ! {
    panic!("{error}")
}
