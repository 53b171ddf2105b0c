//! Starting a run: the builder of the chosen backend, from options that all backends share.

use std::convert::Infallible;
use std::io;
#[cfg(feature = "smol")]
use std::thread;

use anyrt_core::runtime::Enter;

use super::find::enter;
use super::{Ambient, KINDS, Kind};
use crate::Backend;

/// Options of a run, before its backend is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) thread_name: Option<String>,
}

/// The threads that poll the tasks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

/// The builder of a backend.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    #[cfg(feature = "tokio")]
    Tokio(anyrt_tokio::Builder),
    #[cfg(feature = "smol")]
    Smol(anyrt_smol::Builder),
    #[cfg(feature = "async-std")]
    AsyncStd(anyrt_async_std::Builder),
    #[allow(
        dead_code,
        reason = "so that there is a variant where no backend is compiled in"
    )]
    Never(Infallible),
}

impl Entry {
    pub(crate) fn new(backend: Backend, options: &Options) -> io::Result<Entry> {
        let kind = KINDS.iter().find(|kind| kind.backend() == backend);
        let kind = kind.ok_or_else(|| {
            invalid(format!(
                "the backend {backend} is not compiled in: enable the feature `{backend}` of `anyrt`"
            ))
        })?;
        if options.flavor == Some(Flavor::CurrentThread) && options.worker_threads.is_some() {
            return Err(invalid(format!(
                "{backend} has no worker threads on the current thread: use `multi_thread`"
            )));
        }
        match *kind {
            #[cfg(feature = "tokio")]
            Kind::Tokio => Ok(Entry::Tokio(tokio(options))),
            #[cfg(feature = "smol")]
            Kind::Smol => Ok(Entry::Smol(smol(options)?)),
            #[cfg(feature = "async-std")]
            Kind::AsyncStd => Ok(Entry::AsyncStd(async_std(options)?)),
        }
    }
}

impl Enter for Entry {
    type Runtime = Ambient;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        match self {
            #[cfg(feature = "tokio")]
            Entry::Tokio(builder) => {
                let _entered = enter(Kind::Tokio);
                builder.block_on(future)
            }
            #[cfg(feature = "smol")]
            Entry::Smol(builder) => {
                let _entered = enter(Kind::Smol);
                builder.block_on(future)
            }
            #[cfg(feature = "async-std")]
            Entry::AsyncStd(builder) => {
                let _entered = enter(Kind::AsyncStd);
                builder.block_on(future)
            }
            Entry::Never(never) => match *never {},
        }
    }
}

#[cfg(feature = "tokio")]
fn tokio(options: &Options) -> anyrt_tokio::Builder {
    let mut builder = match options.flavor {
        Some(Flavor::CurrentThread) => anyrt_tokio::Builder::current_thread(),
        Some(Flavor::MultiThread) | None => anyrt_tokio::Builder::multi_thread(),
    };
    if let Some(threads) = options.worker_threads {
        builder = builder.worker_threads(threads);
    }
    if let Some(name) = &options.thread_name {
        builder = builder.thread_name(name.clone());
    }
    builder
}

#[cfg(feature = "smol")]
fn smol(options: &Options) -> io::Result<anyrt_smol::Builder> {
    let mut builder = anyrt_smol::Builder::new();
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

#[cfg(feature = "async-std")]
fn async_std(options: &Options) -> io::Result<anyrt_async_std::Builder> {
    let refused = if options.flavor == Some(Flavor::CurrentThread) {
        "async-std cannot run on the current thread alone: use `multi_thread`, or another backend"
    } else if options.worker_threads.is_some() {
        "async-std cannot count threads per run: set the environment variable \
         `ASYNC_STD_THREAD_COUNT`"
    } else if options.thread_name.is_some() {
        "async-std cannot name threads per run: set the environment variable \
         `ASYNC_STD_THREAD_NAME`"
    } else {
        return Ok(anyrt_async_std::Builder::new());
    };
    Err(invalid(refused))
}

pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}
