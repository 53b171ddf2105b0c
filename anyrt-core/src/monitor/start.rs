//! Serving the run of a program at the request of its environment.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::place::{SocketFile, open_folder};
use super::serve::serve_monitor;
use crate::net::{UnixListenOptions, UnixListener};
use crate::runtime::{Net, Runtime};
use crate::task::RunHandle;

/// The environment variable that requests a monitor.
const VARIABLE: &str = "ANYRT_MONITOR";

/// The number of runs of one process that have a socket in the user's folder at once.
const RUNS: u32 = 16;

/// Serves the caller's run in a task of the run, if the environment variable `ANYRT_MONITOR` is set: to `1` on a
/// socket in the user's own folder, to any other text on a socket with that path. Empty or `0` count as not set.
///
/// The task is cancelled when the run's main future ends. A monitor that cannot be started is reported on
/// standard error, and the run continues. For facades, which call it at the beginning of a run.
pub fn start_if_requested<R: Runtime + Net>() {
    let Some(value) = env::var_os(VARIABLE) else {
        return;
    };
    if value.is_empty() || value == "0" {
        return;
    }
    if let Err(error) = start::<R>(&value) {
        eprintln!("anyrt: the monitor that {VARIABLE} requests cannot be started: {error}");
    }
}

fn start<R: Runtime + Net>(value: &OsStr) -> io::Result<()> {
    if R::file_system().is_some() {
        let text =
            "a simulation has no sockets that other programs can reach; do not set the variable";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    let (listener, path) = if value == "1" {
        bind_in_folder::<R>(&open_folder()?)?
    } else {
        let path = PathBuf::from(value);
        (bind::<R>(&path)?, path)
    };
    let file = SocketFile::of(&path)?;
    let group = RunHandle::<R>::current().and_then(|run| run.group());
    let group = group.map_err(io::Error::other)?;
    let task = group.task().name("monitor");
    let serving = async move {
        // Removed before the listener is closed, so that the file is not taken for a stale one in between.
        let _file = file;
        if let Err(error) = serve_monitor::<R, _>(listener).await {
            eprintln!("anyrt: the monitor has ended: {error}");
        }
    };
    let spawned = task.try_spawn(serving);
    drop(spawned.map_err(|_| io::Error::other("the run has ended"))?);
    Ok(())
}

/// Listens on a socket named after the process. Further runs of the process have a number in addition.
fn bind_in_folder<R: Net>(folder: &Path) -> io::Result<(UnixListener<R>, PathBuf)> {
    let process = std::process::id();
    let mut number = 1;
    // Ends: the last number returns in any case.
    loop {
        let path = folder.join(match number {
            1 => format!("{process}.sock"),
            number => format!("{process}-{number}.sock"),
        });
        match bind::<R>(&path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && number < RUNS => number += 1,
            bound => return bound.map(|listener| (listener, path)),
        }
    }
}

fn bind<R: Net>(path: &Path) -> io::Result<UnixListener<R>> {
    let private = UnixListenOptions::new().mode(0o600);
    UnixListener::bind_with(path, &private)
}
