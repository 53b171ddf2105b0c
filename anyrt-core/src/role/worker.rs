//! Distinguishes worker processes from programs.
//!
//! The program writes a *marker* into the socket that becomes the worker's standard input, and into its
//! environment. Neither is enough alone: programs that a worker starts inherit its environment, and a
//! standard input may be any socket. A worker has both, and the program in the marker is its parent.
//!
//! | role | standard input | what it may do |
//! | --- | --- | --- |
//! | program | anything else | run; start workers once it is set up |
//! | worker | the socket, with the marker unread | serve; run once it serves; no workers |
//! | spoiled | a socket of the parent in the marker, which was read from | run; no workers |
//!
//! The role is found once, before `serve` reads the marker and takes the socket away.
//!
//! On Windows, where a socket cannot be a standard input, the marker is in a file; see `windows.rs`.

use std::sync::atomic::{AtomicBool, Ordering};

use super::marker::{CANNOT_SERVE, Role};
use super::system::find_role;
use crate::loom::{OnceLock, lock_static, process};

/// The role, found once.
static ROLE: OnceLock<Role> = OnceLock::new();

/// Whether the worker has begun to serve. `SeqCst` only for simplicity: no other memory depends on it.
static SERVING: AtomicBool = AtomicBool::new(false);

static SET_UP: process::Mutex<SetUp> = process::Mutex::new(SetUp {
    served: false,
    test: None,
});

/// The way in which a worker that this program starts reaches `serve`.
struct SetUp {
    /// Whether `serve` has returned, so it is in `main`.
    served: bool,
    /// The name of a test that begins with `serve`.
    test: Option<String>,
}

/// A reason why no worker may be started.
pub(crate) enum NotAllowed {
    NotSetUp,
    Refused(&'static str),
}

fn role() -> Role {
    *ROLE.get_or_init(find_role)
}

/// Returns whether this process is a worker.
pub(crate) fn is_worker() -> bool {
    matches!(role(), Role::Worker { .. })
}

/// Returns the length of the marker, which must be read next, if this process is a worker and does not serve
/// yet.
pub(crate) fn begin_to_serve() -> Option<usize> {
    // The swap makes sure that only one call begins to serve.
    match role() {
        Role::Worker { marker } if !SERVING.swap(true, Ordering::SeqCst) => Some(marker),
        _ => None,
    }
}

/// Notes that `main` calls `serve`.
pub(crate) fn set_up() {
    lock_static(&SET_UP).served = true;
}

/// Notes that the test with this name begins with `serve`.
pub(crate) fn set_up_test(name: &str) {
    let mut set_up = lock_static(&SET_UP);
    if set_up.test.is_none() {
        set_up.test = Some(name.to_owned());
    }
}

/// Returns the test that a worker should run; `None` if it should run `main` (rules W2 and W5).
///
/// A worker that is not serving ends here.
pub(crate) fn worker_test() -> Result<Option<String>, NotAllowed> {
    check_before_run();
    match role() {
        Role::Worker { .. } => {
            return Err(NotAllowed::Refused("a worker process starts no workers"));
        }
        Role::Program {
            refused: Some(reason),
        } => return Err(NotAllowed::Refused(reason)),
        Role::Program { refused: None } => {}
    }
    let set_up = lock_static(&SET_UP);
    match &set_up.test {
        // In a test program, `main` would run all tests.
        Some(test) => Ok(Some(test.clone())),
        None if set_up.served => Ok(None),
        None => Err(NotAllowed::NotSetUp),
    }
}

/// Ends a worker that starts a run although it does not serve (rule W3).
pub(crate) fn check_before_run() {
    if is_worker() && !SERVING.load(Ordering::SeqCst) {
        eprintln!(
            "anyrt: this worker process has started a run instead of serving: make \
             `anyrt::to_process::serve();` the first line of `fn main`, or use `#[anyrt::main]`"
        );
        std::process::exit(CANNOT_SERVE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_a_program() {
        assert!(!is_worker());
        check_before_run();
    }
}
