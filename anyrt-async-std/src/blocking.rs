use std::pin::Pin;
use std::task::{Context, Poll};

use anyrt_core::runtime::Blocking;
use async_std::task::JoinHandle;

use crate::{AsyncStd, Handle};

/// A function that runs on a thread where it may block.
///
/// Dropping this does not stop the function.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Call<T>(JoinHandle<T>);

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Blocking for AsyncStd {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(_handle: &Handle, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Call(async_std::task::spawn_blocking(f))
    }
}
