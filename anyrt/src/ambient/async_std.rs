//! async-std, where its feature is enabled.

use std::io;

pub(super) use anyrt_async_std::AsyncStd as Marker;
pub(super) use anyrt_async_std::Builder;
use anyrt_async_std::Handle;

use super::{Flavor, Options, invalid};

pub(super) fn builder(options: &Options) -> io::Result<Builder> {
    let refused = if options.flavor == Some(Flavor::CurrentThread) {
        "async-std cannot run on the current thread alone: use `multi_thread`, or another backend"
    } else if options.worker_threads.is_some() {
        "async-std cannot count threads per run: set the environment variable \
         `ASYNC_STD_THREAD_COUNT`"
    } else if options.thread_name.is_some() {
        "async-std cannot name threads per run: set the environment variable \
         `ASYNC_STD_THREAD_NAME`"
    } else {
        return Ok(Builder::new());
    };
    Err(invalid(refused))
}

/// Returns whether this thread is polling a task of async-std.
pub(super) fn is_current() -> bool {
    Handle::try_current().is_some()
}
