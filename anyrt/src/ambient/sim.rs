//! Simulations, where their feature is enabled.

use std::{env, io};

pub(super) use anyrt_sim::Config as Builder;
pub(super) use anyrt_sim::Sim as Marker;
use anyrt_sim::Simulation;

use super::{Flavor, Options, invalid};

/// The environment variable with the seed of a run whose options are not given.
const SEED: &str = "ANYRT_SIM_SEED";

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
            None => Ok(Builder::new(seed()?.unwrap_or(0))),
        };
    };
    Err(invalid(refused))
}

/// Returns the seed that the environment names.
fn seed() -> io::Result<Option<u64>> {
    match env::var_os(SEED) {
        Some(seed) if !seed.is_empty() => {
            let seed = seed.to_string_lossy();
            let parsed: Option<u64> = seed.trim().parse().ok();
            // The last number has no successor, which would end a range of seeds.
            match parsed.filter(|seed| *seed < u64::MAX) {
                Some(seed) => Ok(Some(seed)),
                None => Err(invalid(format!(
                    "{SEED}: {seed:?} is not a seed: set it to a whole number below 2^64 - 1, in decimal"
                ))),
            }
        }
        _ => Ok(None),
    }
}

/// Returns whether this thread works for a simulation.
pub(super) fn is_current() -> bool {
    Simulation::current().is_some()
}
