//! Starting a run on the backend that was chosen.

use std::io;

use anyrt_core::runtime::Enter;

use super::find::enter;
use super::{Ambient, ENABLED, Each, async_std, match_each, sim, smol, tokio};
use crate::Backend;

/// The options of a run, before the backend is known that has to fulfil them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) thread_name: Option<String>,
    /// The options of a simulation, which exclude those above.
    pub(crate) simulation: Option<sim::Builder>,
}

/// Which threads poll the tasks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

/// A builder of the backend that was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Entry(Each<tokio::Builder, smol::Builder, async_std::Builder, sim::Builder>);

impl Entry {
    pub(crate) fn new(backend: Backend, options: &Options) -> io::Result<Entry> {
        if !ENABLED.contains(&backend) {
            return Err(invalid(format!(
                "the backend {backend} is not compiled in: enable the feature `{backend}` of `anyrt`"
            )));
        }
        if options.flavor == Some(Flavor::CurrentThread) && options.worker_threads.is_some() {
            return Err(invalid(format!(
                "{backend} has no worker threads on the current thread: use `multi_thread`"
            )));
        }
        if options.simulation.is_some() && backend != Backend::Sim {
            return Err(invalid(format!(
                "the options of a simulation do not apply to the backend {backend}: leave out the backend"
            )));
        }
        Ok(Entry(match backend {
            Backend::Tokio => Each::Tokio(tokio::builder(options)?),
            Backend::Smol => Each::Smol(smol::builder(options)?),
            Backend::AsyncStd => Each::AsyncStd(async_std::builder(options)?),
            Backend::Sim => Each::Sim(sim::builder(options)?),
        }))
    }
}

impl Enter for Entry {
    type Runtime = Ambient;

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let _entered = enter(self.0.backend());
        match_each!(Each, &self.0, builder => builder.block_on(future))
    }

    fn check_new_thread(&self) -> io::Result<()> {
        match_each!(Each, &self.0, builder => builder.check_new_thread())
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}
