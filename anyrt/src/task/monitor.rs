//! A live view of a run for other programs.

use std::io;
use std::path::PathBuf;

use anyrt_core::monitor;

use crate::Ambient;
use crate::net::Listener;

/// Serves a live view of the caller's run, for `anyrt-top` and other clients, until it is cancelled.
///
/// The listener is a Unix socket, or TCP on a loopback address. Clients on Unix sockets have to be processes of the
/// same user, where the system reports that; on TCP, every user of the machine can connect. The protocol is in
/// `docs/monitor.md`. It shows tasks, groups and scopes, and changes nothing.
///
/// With the environment variable `ANYRT_MONITOR=1`, every run that a [`Builder`](crate::Builder) or
/// [`#[anyrt::main]`](macro@crate::main) starts is served, on a socket in one of the
/// [`monitor_folders`]. Another value is the path of the socket. Simulated runs are not served.
///
/// # Cancel safety
///
/// If it is cancelled or dropped, the listener and all connections are closed.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the listener can be reached from other machines.
/// - The error of the listener. It never returns `Ok`.
///
/// # Panics
///
/// Panics if there is no runtime.
///
/// # Examples
///
/// ```
/// # if anyrt::Backend::available().is_empty() { return }
/// use anyrt::net::TcpListener;
/// use std::io::{self, BufRead, Write};
/// use std::net::{Ipv4Addr, TcpStream};
///
/// let answer = anyrt::run(anyrt::task_group(async |tg| -> io::Result<_> {
///     let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
///     let address = listener.local_addr()?;
///     tg.spawn(anyrt::task::serve_monitor(listener));
///     let answer = anyrt::to_thread::run(move || {
///         let mut client = TcpStream::connect(address)?;
///         writeln!(client, r#"{{"get":"tree"}}"#)?;
///         io::BufReader::new(client).lines().next().unwrap()
///     });
///     let answer = answer.await?;
///     tg.cancel();
///     Ok(answer)
/// }));
/// assert!(answer.unwrap().contains(r#""name":"main""#));
/// ```
pub async fn serve_monitor(listener: impl Listener) -> io::Result<()> {
    monitor::serve_monitor::<Ambient, _>(listener).await
}

/// Returns the folders that have the sockets of this user's programs: `anyrt` in `$XDG_RUNTIME_DIR`, and
/// `/tmp/anyrt-UID`.
///
/// Those that are missing, or that other users can write to or look into, are left out. For clients of
/// [`serve_monitor`]: they look for `PID.sock` and `PID-NUMBER.sock`.
///
/// # Examples
///
/// ```
/// let folders = anyrt::task::monitor_folders();
/// assert!(folders.iter().all(|folder| folder.is_absolute()));
/// ```
pub fn monitor_folders() -> Vec<PathBuf> {
    monitor::monitor_folders()
}
