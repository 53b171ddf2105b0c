//! Descriptors on the reactor of the ambient runtime.

use std::io;
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
#[cfg(windows)]
use std::os::windows::io::{BorrowedSocket as BorrowedFd, OwnedSocket as OwnedFd};
#[cfg(all(feature = "process", feature = "sim"))]
use std::sync::Arc;
use std::task::{Context, Poll};

#[cfg(all(feature = "process", feature = "sim"))]
use anyrt_core::runtime::ProgramHost;
use anyrt_core::runtime::{Attempt, Descriptors, Direction, Source};

use super::absent::Absent;
use super::find::{find, is_simulated};
use super::{Ambient, AsyncStd, Each, Smol, Tokio, match_each};
use crate::Backend;

/// A descriptor that is registered with the reactor of the ambient runtime.
#[derive(Debug)]
pub struct AmbientSource(
    Each<
        <Tokio as Descriptors>::Source,
        <Smol as Descriptors>::Source,
        <AsyncStd as Descriptors>::Source,
        Absent,
    >,
);

impl Source for AmbientSource {
    fn register(descriptor: OwnedFd) -> io::Result<AmbientSource> {
        let source = match find()? {
            Backend::Tokio => Each::Tokio(Source::register(descriptor)?),
            Backend::Smol => Each::Smol(Source::register(descriptor)?),
            Backend::AsyncStd => Each::AsyncStd(Source::register(descriptor)?),
            Backend::Sim => return Err(unsupported()),
        };
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

    fn check() -> io::Result<()> {
        if is_simulated() {
            return Err(unsupported());
        }
        Ok(())
    }

    #[cfg(all(feature = "process", feature = "sim"))]
    #[inline]
    fn programs() -> Option<Arc<dyn ProgramHost>> {
        if is_simulated() {
            return <super::Sim as Descriptors>::programs();
        }
        None
    }
}

/// The error for descriptors in a simulation.
#[cold]
pub(super) fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "a simulation has no descriptors, worker processes or signals of the system: use sockets and streams \
         that are opened inside the run, or another backend",
    )
}
