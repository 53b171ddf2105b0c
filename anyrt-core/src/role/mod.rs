//! The role of this process: a program, or a worker process of one (rules W1 to W4).
//!
//! A worker runs the same executable as the program that has started it. So each run checks at its start that
//! the process is not a worker that has missed its call of `serve`: as a program it would do the program's
//! work a second time, and start workers itself.

#[cfg(all(feature = "to_process", any(unix, windows)))]
mod marker;
#[cfg_attr(all(feature = "to_process", any(unix, windows)), path = "worker.rs")]
#[cfg_attr(
    not(all(feature = "to_process", any(unix, windows))),
    path = "program.rs"
)]
mod process;
#[cfg(all(feature = "to_process", unix))]
#[path = "unix.rs"]
mod system;
#[cfg(all(feature = "to_process", windows))]
#[path = "windows.rs"]
mod system;

#[cfg(all(feature = "to_process", any(unix, windows)))]
pub(crate) use self::marker::{CANNOT_SERVE, MARKER, marker};
pub(crate) use self::process::check_before_run;
#[cfg(all(feature = "to_process", any(unix, windows)))]
pub(crate) use self::process::{
    NotAllowed, begin_to_serve, is_worker, set_up, set_up_test, worker_test,
};
#[cfg(all(feature = "to_process", windows))]
pub(crate) use self::system::accept_invitation;
