//! The role of this process: a program, or a worker process of one (rules W1 to W4).
//!
//! A worker runs the same executable as the program that has started it. So each run checks at its start that
//! the process is not a worker that has missed its call of `serve`: as a program it would do the program's
//! work a second time, and start workers itself.

#[cfg_attr(all(feature = "to_process", unix), path = "worker.rs")]
#[cfg_attr(not(all(feature = "to_process", unix)), path = "program.rs")]
mod process;

pub(crate) use self::process::check_before_run;
#[cfg(all(feature = "to_process", unix))]
pub(crate) use self::process::{
    MARKER, NotAllowed, begin_to_serve, is_worker, marker, set_up, set_up_test, worker_test,
};
