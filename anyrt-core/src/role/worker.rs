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

use std::env;
use std::os::unix::process::parent_id;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::stdio::stdin;

use crate::engine::poll_state::number_in_process;
use crate::loom::{OnceLock, lock_static, process};

/// The environment variable with the marker.
pub(crate) const MARKER: &str = "ANYRT_WORKER";

/// The beginning of markers; the process id of the program and a number follow.
const START: &str = "anyrt worker ";

/// The exit status of a worker that does not serve.
const NOT_SERVING: i32 = 70;

/// The role of this process; see the table above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Program,
    Worker {
        /// The length of the marker.
        marker: usize,
    },
    Spoiled,
}

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
    IsWorker,
    Spoiled,
}

fn role() -> Role {
    *ROLE.get_or_init(find_role)
}

/// Finds the role, by the rules above.
fn find_role() -> Role {
    let Ok(marker) = env::var(MARKER) else {
        return Role::Program;
    };
    let Some(parent) = parent_of(&marker) else {
        return Role::Program;
    };
    // 1. Without a marker in the environment, this is a program (above). Otherwise look for the marker in
    //    standard input, without removing it.
    let is_child = parent_id() == parent;
    let mut first = vec![0; marker.len()];
    match recv(
        stdin(),
        &mut first[..],
        RecvFlags::PEEK | RecvFlags::DONTWAIT,
    ) {
        Ok((_, length)) if length == first.len() && first == marker.as_bytes() => {
            // 2. The marker is there. A worker whose program has ended has another parent, and a closed
            //    socket; it must not do the program's work.
            match is_child || has_hung_up() {
                true => Role::Worker {
                    marker: marker.len(),
                },
                false => Role::Program,
            }
        }
        // 3. A socket of the parent without the marker: something has read it already.
        Ok(_) | Err(Errno::AGAIN) if is_child => Role::Spoiled,
        _ => Role::Program,
    }
}

/// Returns the process id in a marker.
fn parent_of(marker: &str) -> Option<u32> {
    let rest = marker.strip_prefix(START)?;
    rest.split(' ').next()?.parse().ok()
}

/// Returns whether the other end of the standard input, a socket, is closed.
fn has_hung_up() -> bool {
    let stdin = stdin();
    let mut descriptors = [PollFd::new(&stdin, PollFlags::HUP)];
    let polled = poll(&mut descriptors, Some(&Timespec::default()));
    polled.is_ok() && descriptors[0].revents().contains(PollFlags::HUP)
}

/// Returns the marker for a new worker of this process.
pub(crate) fn marker() -> String {
    format!("{START}{} {}", std::process::id(), number_in_process())
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
        Role::Worker { .. } => return Err(NotAllowed::IsWorker),
        Role::Spoiled => return Err(NotAllowed::Spoiled),
        Role::Program => {}
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
        std::process::exit(NOT_SERVING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_program() {
        assert_eq!(parent_of(&marker()), Some(std::process::id()));
        assert_ne!(marker(), marker());
        assert_eq!(parent_of("some worker 1 2"), None);
        assert_eq!(parent_of("anyrt worker x 2"), None);
    }

    #[test]
    fn this_process_is_a_program() {
        assert!(!is_worker());
        check_before_run();
    }
}
