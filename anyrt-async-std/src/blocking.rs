//! Functions that block, on the thread pool of async-std.

use std::env;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;

use anyrt_core::runtime::Blocking;
use async_std::task::JoinHandle;

use crate::{AsyncStd, Handle};

/// The result of a function that runs on a thread where it may block.
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

/// Returns whether this is an executor thread of async-std, which its name shows.
fn is_shared_thread() -> bool {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        env::var("ASYNC_STD_THREAD_NAME").unwrap_or_else(|_| "async-std/runtime".to_owned())
    });
    thread::current().name() == Some(&**NAME)
}

/// Returns the number of executor threads that async-std starts.
fn shared_threads() -> usize {
    static COUNT: LazyLock<usize> = LazyLock::new(|| {
        let set = env::var("ASYNC_STD_THREAD_COUNT").ok();
        let set = set.and_then(|count| count.parse().ok());
        set.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
            .max(1)
    });
    *COUNT
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

    /// Calls `wait`, which blocks the thread, unless no executor thread would be left for the tasks.
    ///
    /// The counter is relaxed: it only limits the number of blocked threads, and guards no other data.
    fn block_in_place(_handle: &Handle, wait: &mut dyn FnMut()) {
        static BLOCKED: AtomicUsize = AtomicUsize::new(0);
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                BLOCKED.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if !is_shared_thread() {
            return wait();
        }
        let enter = |blocked: usize| (blocked + 1 < shared_threads()).then_some(blocked + 1);
        if BLOCKED
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter)
            .is_ok()
        {
            let _leave = Leave;
            wait();
        }
    }
}
