//! Descriptors on the reactor of the ambient runtime.

use std::convert::Infallible;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, Source};

use super::find::find;
use super::{Ambient, Kind};

/// A descriptor that is registered with the reactor of the ambient runtime.
#[derive(Debug)]
pub struct AmbientSource(Inner);

#[derive(Debug)]
enum Inner {
    #[cfg(feature = "tokio")]
    Tokio(anyrt_tokio::Registered),
    #[cfg(feature = "smol")]
    Smol(anyrt_smol::Registered),
    #[cfg(feature = "async-std")]
    AsyncStd(anyrt_async_std::Registered),
    #[allow(
        dead_code,
        reason = "so that there is a variant where no backend is compiled in"
    )]
    Never(Infallible),
}

impl Source for AmbientSource {
    fn register(descriptor: OwnedFd) -> io::Result<AmbientSource> {
        Ok(AmbientSource(match find()? {
            #[cfg(feature = "tokio")]
            Kind::Tokio => Inner::Tokio(Source::register(descriptor)?),
            #[cfg(feature = "smol")]
            Kind::Smol => Inner::Smol(Source::register(descriptor)?),
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => Inner::AsyncStd(Source::register(descriptor)?),
        }))
    }

    #[inline]
    fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.0 {
            #[cfg(feature = "tokio")]
            Inner::Tokio(source) => source.descriptor(),
            #[cfg(feature = "smol")]
            Inner::Smol(source) => source.descriptor(),
            #[cfg(feature = "async-std")]
            Inner::AsyncStd(source) => source.descriptor(),
            Inner::Never(never) => match *never {},
        }
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self.0 {
            #[cfg(feature = "tokio")]
            Inner::Tokio(source) => source.into_descriptor(),
            #[cfg(feature = "smol")]
            Inner::Smol(source) => source.into_descriptor(),
            #[cfg(feature = "async-std")]
            Inner::AsyncStd(source) => source.into_descriptor(),
            Inner::Never(never) => match never {},
        }
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        match &self.0 {
            #[cfg(feature = "tokio")]
            Inner::Tokio(source) => source.poll_io(cx, direction, attempt),
            #[cfg(feature = "smol")]
            Inner::Smol(source) => source.poll_io(cx, direction, attempt),
            #[cfg(feature = "async-std")]
            Inner::AsyncStd(source) => source.poll_io(cx, direction, attempt),
            Inner::Never(never) => match *never {},
        }
    }
}

impl Descriptors for Ambient {
    type Source = AmbientSource;
}
