//! Starting tasks.

use std::task::Waker;

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Spawn, TaskInfo};

use super::find::{find, is_simulated, tag};
use super::{Ambient, AsyncStd, Each, Sim, Smol, Tokio, make_each, match_each};
use crate::Backend;

/// A handle of a runtime, with which any thread can start tasks in it.
#[derive(Clone, Debug)]
pub struct AmbientHandle(
    pub(super)  Each<
        <Tokio as Spawn>::Handle,
        <Smol as Spawn>::Handle,
        <AsyncStd as Spawn>::Handle,
        <Sim as Spawn>::Handle,
    >,
);

impl AmbientHandle {
    /// Returns the backend that the runtime belongs to.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt_core::runtime::Spawn;
    ///
    /// # if anyrt::Backend::available().is_empty() { return }
    /// let backend = anyrt::run(async { anyrt::Ambient::current().unwrap().backend() });
    /// assert!(anyrt::Backend::available().contains(&backend));
    /// ```
    pub fn backend(&self) -> Backend {
        self.0.backend()
    }
}

#[cfg(feature = "tokio")]
impl From<anyrt_tokio::Handle> for AmbientHandle {
    fn from(handle: anyrt_tokio::Handle) -> AmbientHandle {
        AmbientHandle(Each::Tokio(handle))
    }
}

#[cfg(feature = "smol")]
impl From<anyrt_smol::Handle> for AmbientHandle {
    fn from(handle: anyrt_smol::Handle) -> AmbientHandle {
        AmbientHandle(Each::Smol(handle))
    }
}

#[cfg(feature = "async-std")]
impl From<anyrt_async_std::Handle> for AmbientHandle {
    fn from(handle: anyrt_async_std::Handle) -> AmbientHandle {
        AmbientHandle(Each::AsyncStd(handle))
    }
}

#[cfg(feature = "sim")]
impl From<anyrt_sim::Simulation> for AmbientHandle {
    fn from(handle: anyrt_sim::Simulation) -> AmbientHandle {
        AmbientHandle(Each::Sim(handle))
    }
}

impl Spawn for Ambient {
    type Handle = AmbientHandle;

    #[inline]
    fn current() -> Result<AmbientHandle, NoRuntime> {
        Ok(AmbientHandle(make_each!(find()?, B => B::current()?)))
    }

    #[inline]
    fn spawn<F>(handle: &AmbientHandle, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match_each!(Each, &handle.0, handle, B => B::spawn(handle, task, future));
    }

    #[inline]
    fn choose(n: usize) -> usize {
        // The other backends choose in this way too, without the search.
        if is_simulated() {
            Sim::choose(n)
        } else {
            fastrand::usize(..n)
        }
    }

    fn yield_turn(waker: &Waker) {
        match find() {
            Ok(Backend::Tokio) => Tokio::yield_turn(waker),
            Ok(Backend::Smol) => Smol::yield_turn(waker),
            Ok(Backend::AsyncStd) => AsyncStd::yield_turn(waker),
            Ok(Backend::Sim) => Sim::yield_turn(waker),
            Err(_) => waker.wake_by_ref(),
        }
    }

    fn wake_yielding(waker: &Waker) {
        if is_simulated() {
            Sim::wake_yielding(waker);
        } else {
            waker.wake_by_ref();
        }
    }

    fn name(handle: &AmbientHandle) -> &'static str {
        handle.backend().name()
    }

    #[inline]
    fn tag(handle: &AmbientHandle) -> u8 {
        tag(handle.backend())
    }
}
