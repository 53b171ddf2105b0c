//! The program `batch`: order, output, retries, time limits, and processes that are left.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod ends;
mod jobs;
mod memory;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::process::{Child, Output, Stdio};

use self::support::{BATCH, Folder};

/// Runs the program with a list at standard input.
fn batch(folder: &Folder, backend: &str, args: &[&str], list: impl AsRef<[u8]>) -> Output {
    let mut child = spawn(folder, backend, args);
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it has read everything.
    let _ = stdin.write_all(list.as_ref());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn spawn(folder: &Folder, backend: &str, args: &[&str]) -> Child {
    let mut command = BATCH.command(folder, ["--backend", backend]);
    command.args(args).stdin(Stdio::piped()).spawn().unwrap()
}
