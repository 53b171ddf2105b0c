//! Blocking calls on the ambient runtime.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::runtime::Blocking;
use pin_project::pin_project;

use super::find::enter;
use super::spawn::Inner as Handle;
use super::{Ambient, AmbientHandle};

/// The result of a function that runs on a thread where it may block.
///
/// Dropping this does not stop the function.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct AmbientCall<T: Send + 'static>(#[pin] Inner<T>);

#[pin_project(project = InnerPinned)]
#[derive(Debug)]
enum Inner<T: Send + 'static> {
    #[cfg(feature = "tokio")]
    Tokio(#[pin] <anyrt_tokio::Tokio as Blocking>::Call<T>),
    #[cfg(feature = "smol")]
    Smol(#[pin] <anyrt_smol::Smol as Blocking>::Call<T>),
    #[cfg(feature = "async-std")]
    AsyncStd(#[pin] <anyrt_async_std::AsyncStd as Blocking>::Call<T>),
    #[allow(
        dead_code,
        reason = "so that there is a variant where no backend is compiled in"
    )]
    Never(Infallible, PhantomData<T>),
}

impl<T: Send + 'static> Future for AmbientCall<T> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.project().0.project() {
            #[cfg(feature = "tokio")]
            InnerPinned::Tokio(call) => call.poll(cx),
            #[cfg(feature = "smol")]
            InnerPinned::Smol(call) => call.poll(cx),
            #[cfg(feature = "async-std")]
            InnerPinned::AsyncStd(call) => call.poll(cx),
            InnerPinned::Never(never, _) => match *never {},
        }
    }
}

impl Blocking for Ambient {
    type Call<T: Send + 'static> = AmbientCall<T>;

    #[inline]
    fn spawn_blocking<F, T>(handle: &AmbientHandle, f: F) -> AmbientCall<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let kind = handle.kind();
        let f = move || {
            let _entered = enter(kind);
            f()
        };
        AmbientCall(match &handle.0 {
            #[cfg(feature = "tokio")]
            Handle::Tokio(handle) => Inner::Tokio(anyrt_tokio::Tokio::spawn_blocking(handle, f)),
            #[cfg(feature = "smol")]
            Handle::Smol(handle) => Inner::Smol(anyrt_smol::Smol::spawn_blocking(handle, f)),
            #[cfg(feature = "async-std")]
            Handle::AsyncStd(handle) => {
                Inner::AsyncStd(anyrt_async_std::AsyncStd::spawn_blocking(handle, f))
            }
            Handle::Never(never) => match *never {},
        })
    }

    fn block_in_place(handle: &AmbientHandle, wait: &mut dyn FnMut()) {
        match &handle.0 {
            #[cfg(feature = "tokio")]
            Handle::Tokio(handle) => anyrt_tokio::Tokio::block_in_place(handle, wait),
            #[cfg(feature = "smol")]
            Handle::Smol(handle) => anyrt_smol::Smol::block_in_place(handle, wait),
            #[cfg(feature = "async-std")]
            Handle::AsyncStd(handle) => anyrt_async_std::AsyncStd::block_in_place(handle, wait),
            Handle::Never(never) => match *never {},
        }
    }
}
