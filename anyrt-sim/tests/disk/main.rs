//! The simulated disk: what it does as a file system, what a crash leaves, what calls cost, and faults.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod crash;
mod crash_patterns;
mod faults;
mod files;
mod folders;
mod library;
#[cfg(target_os = "linux")]
mod linux;
mod time;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyrt_core::runtime::{Blocking, FileSystem, OpenFile, OpenMode, Spawn};
use anyrt_sim::{Config, DiskHandle, Sim, Simulation};

const SECOND: Duration = Duration::from_secs(1);

fn sim() -> Simulation {
    Simulation::current().expect("this is a simulation")
}

/// Returns the files of this host.
fn files() -> Arc<dyn FileSystem> {
    Sim::file_system().expect("a simulation has its own files")
}

/// Runs a test in a simulation, on its first host.
fn simulated(test: impl FnOnce(&dyn FileSystem, &DiskHandle)) {
    let outcome = Config::new(1).run(async {
        test(&*files(), &sim().disk());
    });
    outcome.unwrap();
}

/// Calls a function on a worker thread, where calls of the disk take time.
async fn on_worker<T: Send + 'static>(f: impl FnOnce(&dyn FileSystem) -> T + Send + 'static) -> T {
    let handle = <Sim as Spawn>::current().unwrap();
    Sim::spawn_blocking(&handle, move || f(&*files())).await
}

/// Ways of opening a file, by letters: `r`ead, `w`rite, `a`ppend, `t`runcate, `c`reate, create `n`ew.
fn mode(letters: &str) -> OpenMode {
    let mut mode = OpenMode::default();
    mode.read = letters.contains('r');
    mode.write = letters.contains('w');
    mode.append = letters.contains('a');
    mode.truncate = letters.contains('t');
    mode.create = letters.contains('c');
    mode.create_new = letters.contains('n');
    mode
}

type Opened = io::Result<Box<dyn OpenFile>>;

fn open(files: &dyn FileSystem, path: impl AsRef<Path>, letters: &str) -> Opened {
    files.open(path.as_ref(), &mode(letters))
}

/// Writes a file as `std::fs::write` does.
fn write(files: &dyn FileSystem, path: &str, bytes: &[u8]) -> io::Result<()> {
    write_all(&*open(files, path, "wct")?, bytes)
}

fn write_all(file: &dyn OpenFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = file.write(bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}

fn sync_path(files: &dyn FileSystem, path: &str) -> io::Result<()> {
    open(files, path, "r")?.sync(false)
}

#[track_caller]
fn assert_errno<T>(outcome: io::Result<T>, errno: rustix::io::Errno) {
    let error = outcome.err().expect("it fails");
    assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()), "{error}");
}
