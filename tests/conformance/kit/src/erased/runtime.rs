//! The marker type that stands for the mounted backend: `Spawn`, `Time` and `Blocking`.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Blocking, FileSystem, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;

use super::facets::{AnyHandle, AnyTimer, BoxFuture, facets};

/// The marker type of the mounted backend.
///
/// The parameter is the type of its sockets: [`AnySocket`](super::AnySocket), which every backend with
/// sockets has, or `OsSocket`, for cases about descriptors.
pub struct Erased<S>(PhantomData<fn() -> S>);

impl<S> Clone for Erased<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Erased<S> {}

impl<S> fmt::Debug for Erased<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erased")
    }
}

/// A handle of the mounted backend.
#[derive(Clone)]
pub struct Handle(Arc<dyn AnyHandle>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: 'static> Spawn for Erased<S> {
    type Handle = Handle;

    fn current() -> Result<Handle, NoRuntime> {
        facets().current().map(Handle)
    }

    fn spawn<F>(handle: &Handle, task: TaskInfo<'_>, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        handle.0.spawn(task, Box::pin(future));
    }

    fn choose(n: usize) -> usize {
        facets().choose(n)
    }

    fn yield_turn(waker: &Waker) {
        facets().yield_turn(waker);
    }

    fn wake_yielding(waker: &Waker) {
        facets().wake_yielding(waker);
    }

    fn name(handle: &Handle) -> &'static str {
        handle.0.name()
    }

    fn tag(handle: &Handle) -> u8 {
        handle.0.tag()
    }
}

/// A timer of the mounted backend.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Timer(Box<dyn AnyTimer>);

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl<S: 'static> Time for Erased<S> {
    type Timer = Timer;

    fn now() -> Instant {
        facets().now()
    }

    fn timer(deadline: Instant) -> Timer {
        Timer(facets().timer(deadline))
    }

    fn reset(mut timer: Pin<&mut Timer>, deadline: Instant) {
        timer.0.reset(deadline);
    }

    fn may_have_fired(timer: Pin<&Timer>) -> bool {
        timer.0.may_have_fired()
    }
}

/// A function that runs on a thread of the mounted backend.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Call<T> {
    call: BoxFuture,
    /// The function's value; it is stored before `call` completes.
    value: Arc<Mutex<Option<T>>>,
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        ready!(self.call.as_mut().poll(cx));
        let value = lock(&self.value).take();
        Poll::Ready(value.expect("a call that completed has run its function"))
    }
}

impl<S: 'static> Blocking for Erased<S> {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(handle: &Handle, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let value = Arc::new(Mutex::new(None));
        let sink = value.clone();
        let call = handle.0.spawn_blocking(Box::new(move || {
            let value = f();
            *lock(&sink) = Some(value);
        }));
        Call { call, value }
    }

    fn block_in_place(handle: &Handle, wait: &mut dyn FnMut()) {
        handle.0.block_in_place(wait);
    }

    fn file_system() -> Option<Arc<dyn FileSystem>> {
        facets().file_system()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
