//! Descriptors on the reactor of the ambient runtime.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, Source};

use super::find::find;
use super::{Ambient, AsyncStd, Each, Smol, Tokio, make_each, match_each};

/// A descriptor that is registered with the reactor of the ambient runtime.
#[derive(Debug)]
pub struct AmbientSource(
    Each<
        <Tokio as Descriptors>::Source,
        <Smol as Descriptors>::Source,
        <AsyncStd as Descriptors>::Source,
    >,
);

impl Source for AmbientSource {
    fn register(descriptor: OwnedFd) -> io::Result<AmbientSource> {
        let source = make_each!(find()?, B => <B as Descriptors>::Source::register(descriptor)?);
        Ok(AmbientSource(source))
    }

    #[inline]
    fn descriptor(&self) -> BorrowedFd<'_> {
        match_each!(Each, &self.0, source => source.descriptor())
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        match_each!(Each, self.0, source => source.into_descriptor())
    }

    #[inline]
    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        match_each!(Each, &self.0, source => source.poll_io(cx, direction, attempt))
    }
}

impl Descriptors for Ambient {
    type Source = AmbientSource;
}
