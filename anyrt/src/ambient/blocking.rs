//! Blocking calls on the ambient runtime.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyrt_core::runtime::{Blocking, FileSystem};
use pin_project::pin_project;

use super::find::{enter, is_simulated};
use super::{Ambient, AmbientHandle, AsyncStd, Each, EachPinned, Sim, Smol, Tokio, match_each};

/// The result of a function that runs on a thread where it may block.
///
/// Dropping this does not stop the function.
#[pin_project]
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct AmbientCall<T: Send + 'static>(#[pin] EachCall<T>);

type EachCall<T> = Each<
    <Tokio as Blocking>::Call<T>,
    <Smol as Blocking>::Call<T>,
    <AsyncStd as Blocking>::Call<T>,
    <Sim as Blocking>::Call<T>,
>;

impl<T: Send + 'static> Future for AmbientCall<T> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match_each!(EachPinned, self.project().0.project(), call => call.poll(cx))
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
        let backend = handle.backend();
        let f = move || {
            let _entered = enter(backend);
            f()
        };
        AmbientCall(match &handle.0 {
            Each::Tokio(handle) => Each::Tokio(Tokio::spawn_blocking(handle, f)),
            Each::Smol(handle) => Each::Smol(Smol::spawn_blocking(handle, f)),
            Each::AsyncStd(handle) => Each::AsyncStd(AsyncStd::spawn_blocking(handle, f)),
            Each::Sim(handle) => Each::Sim(Sim::spawn_blocking(handle, f)),
        })
    }

    fn block_in_place(handle: &AmbientHandle, wait: &mut dyn FnMut()) {
        match_each!(Each, &handle.0, handle, B => B::block_in_place(handle, wait));
    }

    #[inline]
    fn file_system() -> Option<Arc<dyn FileSystem>> {
        if is_simulated() {
            Sim::file_system()
        } else {
            None
        }
    }
}
