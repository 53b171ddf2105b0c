//! The code of the worker itself.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpgrp, getpid, kill_process_group};
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin};

use super::registry::{dispatch, fingerprint};
use super::worker::WORD;
use crate::loom::thread::park_timeout;
use crate::role;

/// The exit status of a worker that cannot serve.
const CANNOT_SERVE: i32 = 70;

/// The pause of the watching thread, for systems that wake it without a reason.
const PAUSE: Duration = Duration::from_millis(10);

/// Turns this process into a worker, if it was started as one. Otherwise returns, and the program may start
/// workers from then on.
///
/// It must be the first line of `fn main`. `#[anyrt::main]` and `#[anyrt::test]` call it. In a worker it does
/// not return: it runs functions on this thread, and ends with the program that has started it.
///
/// In tests, use `#[anyrt::test]`: a worker of a plain `#[test]` would run all tests of the program.
///
/// # Examples
///
/// ```
/// #[anyrt::process_fn]
/// fn double(n: u32) -> u32 {
///     2 * n
/// }
///
/// fn main() {
///     anyrt::to_process::serve(); // before anything else
///     let doubled = anyrt::run(anyrt::to_process::run(double, 21));
///     assert_eq!(doubled.unwrap(), 42);
/// }
/// ```
pub fn serve() {
    serve_as(None);
}

/// Calls [`serve`] at the start of a test with the given name: `module_path!()` and the name of the function.
#[doc(hidden)]
pub fn serve_in_test(path: &str) {
    // The test harness uses the name without the crate.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    serve_as(Some(name));
}

fn serve_as(test: Option<&str>) {
    if let Some(marker) = role::begin_to_serve() {
        work(marker, test.is_some());
    }
    match test {
        Some(name) => role::set_up_test(name),
        None => role::set_up(),
    }
}

/// Calls functions until the program closes the socket.
fn work(marker: usize, in_test: bool) -> ! {
    let outcome = open(marker, in_test).and_then(|socket| answer_all(&socket));
    if let Err(error) = outcome {
        if error.kind() != io::ErrorKind::UnexpectedEof && error.kind() != io::ErrorKind::BrokenPipe
        {
            eprintln!("anyrt: this worker process cannot go on: {error}");
        }
    }
    end()
}

/// Moves the socket away from the standard input, and greets the program.
fn open(marker: usize, in_test: bool) -> io::Result<UnixStream> {
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
    write_frame(&socket, &fingerprint().to_le_bytes())?;
    Ok(socket)
}

fn answer_all(socket: &UnixStream) -> io::Result<()> {
    loop {
        let request = read_frame(socket)?;
        let Some((key, argument)) = request.split_first_chunk::<WORD>() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let answer = dispatch(u64::from_le_bytes(*key), argument);
        drop(request);
        // Output of the function is written before its call returns (rule W9).
        drop(io::stdout().flush());
        write_frame(socket, &answer)?;
    }
}

fn read_frame(mut socket: &UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; WORD];
    socket.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut body = Vec::new();
    body.try_reserve_exact(usize::try_from(length).map_err(io::Error::other)?)?;
    if (socket.take(length).read_to_end(&mut body)? as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

fn write_frame(mut socket: &UnixStream, body: &[u8]) -> io::Result<()> {
    const SMALL: usize = 64 * 1024;
    let length = (body.len() as u64).to_le_bytes();
    if body.len() > SMALL {
        socket.write_all(&length)?;
        return socket.write_all(body);
    }
    // In one write, which the program reads with one call.
    socket.write_all(&[&length, body].concat())
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
fn end() -> ! {
    if getpgrp() == getpid() {
        let _ = kill_process_group(getpid(), Signal::KILL);
    }
    exit(CANNOT_SERVE)
}
