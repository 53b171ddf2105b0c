//! Starting tasks on the ambient runtime.

use std::convert::Infallible;
use std::task::Waker;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};

use super::find::find;
use super::{Ambient, Kind};
use crate::Backend;

/// A handle of a runtime, with which any thread can start tasks on it.
#[derive(Clone, Debug)]
pub struct AmbientHandle(pub(super) Inner);

#[derive(Clone, Debug)]
pub(super) enum Inner {
    #[cfg(feature = "tokio")]
    Tokio(anyrt_tokio::Handle),
    #[cfg(feature = "smol")]
    Smol(anyrt_smol::Handle),
    #[cfg(feature = "async-std")]
    AsyncStd(anyrt_async_std::Handle),
    #[allow(
        dead_code,
        reason = "so that there is a variant where no backend is compiled in"
    )]
    Never(Infallible),
}

impl AmbientHandle {
    /// Returns the backend of the runtime.
    pub fn backend(&self) -> Backend {
        self.kind().backend()
    }

    pub(super) fn kind(&self) -> Kind {
        match self.0 {
            #[cfg(feature = "tokio")]
            Inner::Tokio(_) => Kind::Tokio,
            #[cfg(feature = "smol")]
            Inner::Smol(_) => Kind::Smol,
            #[cfg(feature = "async-std")]
            Inner::AsyncStd(_) => Kind::AsyncStd,
            Inner::Never(never) => match never {},
        }
    }
}

#[cfg(feature = "tokio")]
impl From<anyrt_tokio::Handle> for AmbientHandle {
    fn from(handle: anyrt_tokio::Handle) -> AmbientHandle {
        AmbientHandle(Inner::Tokio(handle))
    }
}

#[cfg(feature = "smol")]
impl From<anyrt_smol::Handle> for AmbientHandle {
    fn from(handle: anyrt_smol::Handle) -> AmbientHandle {
        AmbientHandle(Inner::Smol(handle))
    }
}

#[cfg(feature = "async-std")]
impl From<anyrt_async_std::Handle> for AmbientHandle {
    fn from(handle: anyrt_async_std::Handle) -> AmbientHandle {
        AmbientHandle(Inner::AsyncStd(handle))
    }
}

impl Spawn for Ambient {
    type Handle = AmbientHandle;

    #[inline]
    fn current() -> Result<AmbientHandle, NoRuntime> {
        match find()? {
            #[cfg(feature = "tokio")]
            Kind::Tokio => Ok(anyrt_tokio::Tokio::current()?.into()),
            #[cfg(feature = "smol")]
            Kind::Smol => Ok(anyrt_smol::Smol::current()?.into()),
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => Ok(anyrt_async_std::AsyncStd::current()?.into()),
        }
    }

    #[inline]
    fn spawn<F>(handle: &AmbientHandle, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match &handle.0 {
            #[cfg(feature = "tokio")]
            Inner::Tokio(handle) => anyrt_tokio::Tokio::spawn(handle, task, future),
            #[cfg(feature = "smol")]
            Inner::Smol(handle) => anyrt_smol::Smol::spawn(handle, task, future),
            #[cfg(feature = "async-std")]
            Inner::AsyncStd(handle) => anyrt_async_std::AsyncStd::spawn(handle, task, future),
            Inner::Never(never) => match *never {},
        }
    }

    #[inline]
    fn choose(n: usize) -> usize {
        fastrand::usize(..n)
    }

    fn yield_turn(waker: &Waker) {
        match find() {
            #[cfg(feature = "tokio")]
            Ok(Kind::Tokio) => anyrt_tokio::Tokio::yield_turn(waker),
            #[cfg(feature = "smol")]
            Ok(Kind::Smol) => anyrt_smol::Smol::yield_turn(waker),
            #[cfg(feature = "async-std")]
            Ok(Kind::AsyncStd) => anyrt_async_std::AsyncStd::yield_turn(waker),
            Err(_) => waker.wake_by_ref(),
        }
    }

    fn name(handle: &AmbientHandle) -> &'static str {
        handle.backend().name()
    }

    #[inline]
    fn tag(handle: &AmbientHandle) -> u8 {
        handle.kind().tag()
    }
}
