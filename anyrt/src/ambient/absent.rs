//! Stands for a backend whose feature is disabled. It is never found, and none of its types has a value.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
#[cfg(all(feature = "net", any(unix, windows)))]
use std::net::{Shutdown, SocketAddr};
#[cfg(all(feature = "descriptors", unix))]
use std::os::fd::{BorrowedFd, OwnedFd};
#[cfg(all(feature = "descriptors", windows))]
use std::os::windows::io::{BorrowedSocket as BorrowedFd, OwnedSocket as OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::error::NoRuntime;
#[cfg(all(feature = "net", any(unix, windows)))]
use anyrt_core::net::Address;
#[cfg(all(feature = "descriptors", any(unix, windows)))]
use anyrt_core::runtime::{Attempt, Descriptors, Direction, Source};
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
#[cfg(all(feature = "net", any(unix, windows)))]
use anyrt_core::runtime::{Net, Socket, SocketOption, SocketSpec};
#[cfg(all(feature = "net", any(unix, windows)))]
use anyrt_core::stream::Attributes;
use anyrt_core::time::Instant;

use super::Options;

const ABSENT: &str = "the feature of this backend is disabled";

/// The marker type of an absent backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker;

/// A handle, a timer, a source, a socket or a builder of an absent backend.
#[derive(Clone, Debug)]
pub(crate) struct Absent(Infallible);

/// A call of an absent backend.
#[derive(Debug)]
pub(crate) struct AbsentCall<T>(Absent, PhantomData<fn() -> T>);

pub(super) use Absent as Builder;

pub(super) fn builder(_: &Options) -> io::Result<Absent> {
    Err(super::invalid(ABSENT))
}

pub(super) fn is_current() -> bool {
    false
}

impl Spawn for Marker {
    type Handle = Absent;

    fn current() -> Result<Absent, NoRuntime> {
        Err(NoRuntime::new(ABSENT))
    }

    fn spawn<F>(handle: &Absent, _: TaskInfo<'_>, _: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match handle.0 {}
    }

    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn name(handle: &Absent) -> &'static str {
        match handle.0 {}
    }
}

impl Time for Marker {
    type Timer = Absent;

    fn now() -> Instant {
        unreachable!("{ABSENT}")
    }

    fn timer(_: Instant) -> Absent {
        unreachable!("{ABSENT}")
    }

    fn reset(timer: Pin<&mut Absent>, _: Instant) {
        match timer.0 {}
    }
}

impl Blocking for Marker {
    type Call<T: Send + 'static> = AbsentCall<T>;

    fn spawn_blocking<F, T>(handle: &Absent, _: F) -> AbsentCall<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match handle.0 {}
    }
}

impl Enter for Absent {
    type Runtime = Marker;

    fn block_on<F: Future>(&self, _: F) -> io::Result<F::Output> {
        match self.0 {}
    }
}

impl Future for Absent {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0 {}
    }
}

impl<T> Future for AbsentCall<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        match (self.0).0 {}
    }
}

#[cfg(all(feature = "descriptors", any(unix, windows)))]
impl Descriptors for Marker {
    type Source = Absent;
}

#[cfg(all(feature = "descriptors", any(unix, windows)))]
impl Source for Absent {
    fn register(_: OwnedFd) -> io::Result<Absent> {
        Err(super::invalid(ABSENT))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        match self.0 {}
    }

    fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self.0 {}
    }

    fn poll_io<T>(
        &self,
        _: &mut Context<'_>,
        _: Direction,
        _: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        match self.0 {}
    }
}

#[cfg(all(feature = "net", any(unix, windows)))]
impl Net for Marker {
    type Socket = Absent;

    fn socket(_: SocketSpec<'_>, _: &[SocketOption]) -> io::Result<Absent> {
        Err(super::invalid(ABSENT))
    }

    async fn lookup(_: String, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(super::invalid(ABSENT))
    }

    async fn reverse_lookup(_: SocketAddr) -> io::Result<(String, String)> {
        Err(super::invalid(ABSENT))
    }
}

#[cfg(all(feature = "net", any(unix, windows)))]
impl Attributes for Absent {}

#[cfg(all(feature = "net", any(unix, windows)))]
impl Socket for Absent {
    fn poll_connected(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<(Absent, Address)>> {
        match self.0 {}
    }

    fn poll_receive(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_send(&self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_send_vectored(
        &self,
        _: &mut Context<'_>,
        _: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_receive_from(
        &self,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        match self.0 {}
    }

    fn poll_send_to(&self, _: &mut Context<'_>, _: &[u8], _: &Address) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn shutdown(&self, _: Shutdown) -> io::Result<()> {
        match self.0 {}
    }

    fn local_address(&self) -> io::Result<Address> {
        match self.0 {}
    }

    fn peer_address(&self) -> io::Result<Address> {
        match self.0 {}
    }

    fn set_option(&self, _: SocketOption) -> io::Result<()> {
        match self.0 {}
    }
}
