//! How a process of Unix finds its role: by the socket that is its standard input.

use std::env;
use std::os::unix::process::parent_id;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::stdio::stdin;

use super::marker::{MARKER, Role, parent_of};

/// The reason why a worker whose standard input was read is none, and starts none.
const SPOILED: &str = "this process was started as a worker, and has read its standard input before \
                       `anyrt::to_process::serve()`: make that the first line of `fn main`";

/// Finds the role, by the rules above.
pub(super) fn find_role() -> Role {
    let Ok(marker) = env::var(MARKER) else {
        return Role::PROGRAM;
    };
    let Some(parent) = parent_of(&marker) else {
        return Role::PROGRAM;
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
                false => Role::PROGRAM,
            }
        }
        // 3. A socket of the parent without the marker: something has read it already.
        Ok(_) | Err(Errno::AGAIN) if is_child => Role::Program {
            refused: Some(SPOILED),
        },
        _ => Role::PROGRAM,
    }
}

/// Returns whether the other end of the standard input, a socket, is closed.
fn has_hung_up() -> bool {
    let stdin = stdin();
    let mut descriptors = [PollFd::new(&stdin, PollFlags::HUP)];
    let polled = poll(&mut descriptors, Some(&Timespec::default()));
    polled.is_ok() && descriptors[0].revents().contains(PollFlags::HUP)
}
