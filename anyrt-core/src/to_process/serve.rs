//! The code of the worker itself.

use std::io::{self, Read, Write};

use super::os::{Stream, end, open};
use super::registry::{dispatch, fingerprint};
use super::worker::WORD;
use crate::role;

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
    let outcome = open(marker, in_test).and_then(|socket| {
        write_frame(&socket, &fingerprint().to_le_bytes())?;
        answer_all(&socket)
    });
    if let Err(error) = outcome {
        // The program has ended, or no longer wants the worker, perhaps before it has read everything.
        let program_is_gone = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset
        );
        if !program_is_gone {
            eprintln!("anyrt: this worker process cannot go on: {error}");
        }
    }
    end()
}

fn answer_all(socket: &Stream) -> io::Result<()> {
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

fn read_frame(mut socket: &Stream) -> io::Result<Vec<u8>> {
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

fn write_frame(mut socket: &Stream, body: &[u8]) -> io::Result<()> {
    const SMALL: usize = 64 * 1024;
    let length = (body.len() as u64).to_le_bytes();
    if body.len() > SMALL {
        socket.write_all(&length)?;
        return socket.write_all(body);
    }
    // In one write, which the program reads with one call.
    socket.write_all(&[&length, body].concat())
}
