//! A program with worker processes, for `tests/workers.rs`: what it does is its first argument.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for tests"
)]

use std::io::Write;

use anyrt::to_process;

#[anyrt::process_fn]
fn print(text: String) -> bool {
    print!("{text}");
    std::io::stderr()
        .write_all(b"and to standard error")
        .unwrap();
    to_process::is_worker()
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
        other => panic!("no case {other}"),
    }
}
