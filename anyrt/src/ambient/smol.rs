//! smol, where its feature is enabled.

use std::{io, thread};

pub(super) use anyrt_smol::Builder;
pub(super) use anyrt_smol::Smol as Marker;

use super::{Flavor, Options};

pub(super) fn builder(options: &Options) -> io::Result<Builder> {
    let mut builder = Builder::new();
    if let Some(threads) = options.worker_threads {
        builder = builder.threads(threads);
    } else if options.flavor == Some(Flavor::MultiThread) {
        builder = builder.threads(thread::available_parallelism()?.get());
    }
    if let Some(name) = &options.thread_name {
        builder = builder.thread_name(name.clone());
    }
    Ok(builder)
}

/// Returns `false`: no thread shows that it belongs to smol.
pub(super) fn is_current() -> bool {
    false
}
