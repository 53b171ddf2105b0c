//! The worker's end of the channel.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_process_group};
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin};

use crate::loom::thread::park_timeout;
use crate::role::CANNOT_SERVE;

/// The socket of a worker.
pub(in crate::to_process) type Stream = UnixStream;

/// The pause of the watching thread, for systems that wake it without a reason.
const PAUSE: Duration = Duration::from_millis(10);

/// Moves the socket away from the standard input, and reads the marker.
pub(in crate::to_process) fn open(marker: usize, in_test: bool) -> io::Result<Stream> {
    // Close-on-exec, so that programs that functions start do not inherit it.
    let socket: OwnedFd = stdin().try_clone_to_owned()?;
    let mut socket = UnixStream::from(socket);
    let null = File::open("/dev/null")?;
    dup2_stdin(&null)?;
    if in_test {
        dup2_stdout(stderr())?;
    }
    socket.read_exact(&mut vec![0; marker])?;
    let watched = socket.try_clone()?;
    let watch = thread::Builder::new().name("watches the program".to_owned());
    watch.spawn(move || end_with(&watched))?;
    Ok(socket)
}

/// Waits until the program has closed its end of the socket, and then ends this process, even if a function is
/// running (rule W7).
fn end_with(socket: &UnixStream) -> ! {
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    loop {
        let socket = socket.as_fd();
        let mut descriptors = [PollFd::new(&socket, PollFlags::HUP)];
        match poll(&mut descriptors, None) {
            Ok(_) if descriptors[0].revents().intersects(gone) => end(),
            // Some systems also report readable data.
            Ok(_) | Err(_) => park_timeout(PAUSE),
        }
    }
}

/// Ends this process and all processes that the functions have started.
pub(in crate::to_process) fn end() -> ! {
    if getpgrp() == getpid() {
        let _ = kill_process_group(getpid(), Signal::KILL);
    }
    exit(CANNOT_SERVE)
}
