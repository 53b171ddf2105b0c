//! Simulations, where their feature is enabled.

use std::io;

pub(super) use anyrt_sim::Config as Builder;
pub(super) use anyrt_sim::Sim as Marker;
use anyrt_sim::Simulation;

use super::{Flavor, Options, invalid};

pub(crate) fn builder(options: &Options) -> io::Result<Builder> {
    let refused = if options.flavor == Some(Flavor::MultiThread) {
        "sim cannot poll tasks on several threads: leave out `multi_thread`, or use another backend"
    } else if options.worker_threads.is_some() {
        "sim cannot start worker threads: leave out their number, or use another backend"
    } else if options.thread_name.is_some() {
        "sim cannot name threads: leave out their name, or use another backend"
    } else {
        return match &options.simulation {
            Some(config) => Ok(config.clone()),
            None => {
                let seed = anyrt_sim::__private::seed_from_env().map_err(invalid)?;
                Ok(Builder::new(seed.unwrap_or(0)))
            }
        };
    };
    Err(invalid(refused))
}

/// Returns whether this thread works for a simulation.
pub(super) fn is_current() -> bool {
    Simulation::current().is_some()
}
