//! tokio, where its feature is enabled.

use std::io;

use anyrt_core::runtime::Spawn;
pub(super) use anyrt_tokio::Builder;
pub(super) use anyrt_tokio::Tokio as Marker;

use super::{Flavor, Options};

pub(super) fn builder(options: &Options) -> io::Result<Builder> {
    let mut builder = match options.flavor {
        Some(Flavor::CurrentThread) => Builder::current_thread(),
        Some(Flavor::MultiThread) | None => Builder::multi_thread(),
    };
    if let Some(threads) = options.worker_threads {
        builder = builder.worker_threads(threads);
    }
    if let Some(name) = &options.thread_name {
        builder = builder.thread_name(name.clone());
    }
    Ok(builder)
}

/// Returns whether this thread is inside a runtime of tokio.
pub(super) fn is_current() -> bool {
    Marker::current().is_ok()
}
