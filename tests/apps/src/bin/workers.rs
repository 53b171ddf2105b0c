//! A program with worker processes, for `tests/workers`. Its first argument selects its behaviour.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for tests"
)]

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyrt::signals::{self, Signal};
use anyrt::to_process;

#[anyrt::process_fn]
fn print(text: String) -> bool {
    print!("{text}");
    std::io::stderr()
        .write_all(b"and to standard error")
        .unwrap();
    to_process::is_worker()
}

/// Creates one file when it has begun, and waits for another one.
#[anyrt::process_fn]
fn wait_for((begun, go): (PathBuf, PathBuf)) {
    let partial = begun.with_extension("partial");
    std::fs::write(&partial, std::process::id().to_string()).unwrap();
    std::fs::rename(partial, begun).unwrap();
    while !go.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Calls a worker, and creates a file if a signal arrives meanwhile.
async fn interrupted(folder: PathBuf) {
    let mut signals = signals::receiver(&[Signal::INT]).unwrap();
    let call = to_process::run(wait_for, (folder.join("begun"), folder.join("go")));
    let signalled = async {
        signals.receive().await.unwrap();
        std::fs::write(folder.join("signalled"), "").unwrap();
    };
    let (answer, ()) = anyrt::gather((call, signalled)).await;
    answer.unwrap();
}

#[anyrt::main]
async fn main() {
    assert!(!to_process::is_worker());
    match &*std::env::args().nth(1).unwrap() {
        "print" => {
            let text = "from the worker, ".repeat(100_000);
            assert!(to_process::run(print, text).await.unwrap());
            print!("from the program");
        }
        "deleted" => {
            std::fs::remove_file(std::env::current_exe().unwrap()).unwrap();
            let error = to_process::run(print, String::new()).await.unwrap_err();
            print!("{error}");
        }
        "interrupted" => interrupted(std::env::args_os().nth(2).unwrap().into()).await,
        other => panic!("no case {other}"),
    }
}
