//! `Descriptors` for the mounted backend: its registered descriptors as trait objects.

use std::fmt;
use std::io;
use std::marker::PhantomData;
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};
#[cfg(windows)]
use std::os::windows::io::{BorrowedSocket as BorrowedFd, OwnedSocket as OwnedFd};
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use anyrt_core::runtime::{Attempt, Descriptors, Direction, Net, OsSockets, Source};

use super::OsR;
use super::facets::Marker;
use super::net::mount_net;

/// The registration of a descriptor with the reactor of the mounted backend.
trait Register: Send + Sync {
    fn register(&self, descriptor: OwnedFd) -> io::Result<AnySource>;
}

/// An attempt that stores its value in the caller; returns whether it drained the descriptor.
type DynAttempt<'a> = &'a mut dyn FnMut(BorrowedFd<'_>) -> io::Result<bool>;

/// The methods of [`Source`].
trait SourceObject: fmt::Debug + Send + Sync {
    fn descriptor(&self) -> BorrowedFd<'_>;
    fn into_descriptor(self: Box<Self>) -> io::Result<OwnedFd>;
    fn poll_io(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: DynAttempt<'_>,
    ) -> Poll<io::Result<()>>;
}

/// A descriptor that is registered with the mounted backend.
#[derive(Debug)]
pub struct AnySource(Box<dyn SourceObject>);

static REACTOR: OnceLock<&'static dyn Register> = OnceLock::new();

/// Mounts `R` with its sockets and descriptors.
///
/// # Panics
///
/// If another runtime was mounted before.
pub fn mount_descriptors<R: Descriptors + Net>() {
    mount_net::<R>();
    REACTOR.get_or_init(|| const { &Marker::<R>(PhantomData) });
}

impl<R: Descriptors> Register for Marker<R> {
    fn register(&self, descriptor: OwnedFd) -> io::Result<AnySource> {
        Ok(AnySource(Box::new(R::Source::register(descriptor)?)))
    }
}

impl<S: Source> SourceObject for S {
    fn descriptor(&self) -> BorrowedFd<'_> {
        Source::descriptor(self)
    }

    fn into_descriptor(self: Box<Self>) -> io::Result<OwnedFd> {
        Source::into_descriptor(*self)
    }

    fn poll_io(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: DynAttempt<'_>,
    ) -> Poll<io::Result<()>> {
        Source::poll_io(self, cx, direction, |descriptor| {
            let drained = attempt(descriptor)?;
            Ok(Attempt::new(()).drained(drained))
        })
    }
}

impl Source for AnySource {
    fn register(descriptor: OwnedFd) -> io::Result<AnySource> {
        let reactor = REACTOR.get().expect("the facet `descriptors` was mounted");
        reactor.register(descriptor)
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.descriptor()
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        self.0.into_descriptor()
    }

    fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        let mut value = None;
        let polled = self.0.poll_io(cx, direction, &mut |descriptor| {
            let succeeded = attempt(descriptor)?;
            value = Some(succeeded.value);
            Ok(succeeded.drained)
        });
        ready!(polled)?;
        Poll::Ready(Ok(value.expect("the attempt that succeeded left its value")))
    }
}

impl Descriptors for OsR {
    type Source = AnySource;
}

impl OsSockets for OsR {}
