//! The clock and timers of the ambient runtime.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::Time;
use anyrt_core::time::Instant;
use pin_project::pin_project;

use super::find::find;
use super::{Ambient, Kind};

/// A future that completes at its deadline.
///
/// It is not `Unpin`, whichever backends are enabled, because the timers of some are not.
#[pin_project(!Unpin)]
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct AmbientTimer(#[pin] Inner);

#[pin_project(project = InnerPinned, project_ref = InnerPinnedRef)]
#[derive(Debug)]
enum Inner {
    #[cfg(feature = "tokio")]
    Tokio(#[pin] <anyrt_tokio::Tokio as Time>::Timer),
    #[cfg(feature = "smol")]
    Smol(#[pin] <anyrt_smol::Smol as Time>::Timer),
    #[cfg(feature = "async-std")]
    AsyncStd(#[pin] <anyrt_async_std::AsyncStd as Time>::Timer),
    #[allow(
        dead_code,
        reason = "so that there is a variant where no backend is compiled in"
    )]
    Never(Infallible),
}

impl Future for AmbientTimer {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().0.project() {
            #[cfg(feature = "tokio")]
            InnerPinned::Tokio(timer) => timer.poll(cx),
            #[cfg(feature = "smol")]
            InnerPinned::Smol(timer) => timer.poll(cx),
            #[cfg(feature = "async-std")]
            InnerPinned::AsyncStd(timer) => timer.poll(cx),
            InnerPinned::Never(never) => match *never {},
        }
    }
}

impl Time for Ambient {
    type Timer = AmbientTimer;

    #[inline]
    fn now() -> Instant {
        match found() {
            #[cfg(feature = "tokio")]
            Kind::Tokio => anyrt_tokio::Tokio::now(),
            #[cfg(feature = "smol")]
            Kind::Smol => anyrt_smol::Smol::now(),
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => anyrt_async_std::AsyncStd::now(),
        }
    }

    #[inline]
    fn timer(deadline: Instant) -> AmbientTimer {
        match found() {
            #[cfg(feature = "tokio")]
            Kind::Tokio => AmbientTimer(Inner::Tokio(anyrt_tokio::Tokio::timer(deadline))),
            #[cfg(feature = "smol")]
            Kind::Smol => AmbientTimer(Inner::Smol(anyrt_smol::Smol::timer(deadline))),
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => {
                AmbientTimer(Inner::AsyncStd(anyrt_async_std::AsyncStd::timer(deadline)))
            }
        }
    }

    #[inline]
    fn reset(timer: Pin<&mut AmbientTimer>, deadline: Instant) {
        match timer.project().0.project() {
            #[cfg(feature = "tokio")]
            InnerPinned::Tokio(timer) => anyrt_tokio::Tokio::reset(timer, deadline),
            #[cfg(feature = "smol")]
            InnerPinned::Smol(timer) => anyrt_smol::Smol::reset(timer, deadline),
            #[cfg(feature = "async-std")]
            InnerPinned::AsyncStd(timer) => anyrt_async_std::AsyncStd::reset(timer, deadline),
            InnerPinned::Never(never) => match *never {},
        }
    }

    #[inline]
    fn may_have_fired(timer: Pin<&AmbientTimer>) -> bool {
        match timer.project_ref().0.project_ref() {
            #[cfg(feature = "tokio")]
            InnerPinnedRef::Tokio(timer) => anyrt_tokio::Tokio::may_have_fired(timer),
            #[cfg(feature = "smol")]
            InnerPinnedRef::Smol(timer) => anyrt_smol::Smol::may_have_fired(timer),
            #[cfg(feature = "async-std")]
            InnerPinnedRef::AsyncStd(timer) => anyrt_async_std::AsyncStd::may_have_fired(timer),
            InnerPinnedRef::Never(never) => match *never {},
        }
    }
}

#[inline]
fn found() -> Kind {
    find().unwrap_or_else(|error| none(&error))
}

#[cold]
fn none(error: &NoRuntime) -> ! {
    panic!("{error}")
}
