//! Simulations, where their feature is enabled.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::{env, io};

use anyrt_sim::__private::{of_program, seed_from_env};
pub(super) use anyrt_sim::Config as Builder;
pub(super) use anyrt_sim::Sim as Marker;
use anyrt_sim::Simulation;

use super::{Flavor, Options, invalid};

/// The environment variable with the file for the timeline of a run whose options are not given.
const TRACE: &str = "ANYRT_SIM_TRACE";

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
                let seed = seed_from_env().map_err(invalid)?;
                Ok(of_environment(seed.unwrap_or(0)))
            }
        };
    };
    Err(invalid(refused))
}

/// Returns the options of a run whose options are not given.
fn of_environment(seed: u64) -> Builder {
    let trace = env::var_os(TRACE).filter(|path| !path.is_empty());
    let program: Vec<String> = env::args_os().map(|word| quoted(&word)).collect();
    let program = program.join(" ");
    let command = format!("ANYRT_BACKEND=sim ANYRT_SIM_SEED={seed} {program}");
    of_program(Builder::new(seed), trace.map(PathBuf::from), command)
}

/// Returns a word of a command as a shell reads it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Returns whether this thread works for a simulation.
pub(super) fn is_current() -> bool {
    Simulation::current().is_some()
}
