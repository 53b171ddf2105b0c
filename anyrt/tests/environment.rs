//! `ANYRT_BACKEND`, which is read when a run starts. One process per value: this program starts itself
//! again.

use std::env;
use std::process::{Command, Output};

use anyrt::Backend;

/// The variable that is set in the processes that this program starts: they print the backend that runs
/// them.
const CHILD: &str = "ANYRT_TEST_CHILD";

fn child(value: &str) -> Output {
    Command::new(env::current_exe().expect("a path"))
        .args(["--exact", "prints_its_backend", "--nocapture"])
        .env("ANYRT_BACKEND", value)
        .env(CHILD, "yes")
        .output()
        .expect("a process")
}

fn printed(output: &Output) -> String {
    let mut all = output.stdout.clone();
    all.extend(&output.stderr);
    String::from_utf8(all).expect("text")
}

#[test]
fn prints_its_backend() {
    if env::var_os(CHILD).is_some() {
        let found = anyrt::run(async { Backend::current() });
        println!("found {}", found.unwrap());
    }
}

#[test]
fn the_variable_chooses() {
    for &backend in Backend::ALL {
        let text = printed(&child(&backend.to_string()));
        if Backend::available().contains(&backend) {
            assert!(text.contains(&format!("found {backend}")), "{text}");
        } else {
            assert!(text.contains(&format!("feature `{backend}`")), "{text}");
        }
    }
}

#[test]
fn an_empty_one_leaves_the_first() {
    let text = printed(&child(""));
    match Backend::available().first() {
        Some(first) => assert!(text.contains(&format!("found {first}")), "{text}"),
        None => assert!(text.contains("features `tokio`"), "{text}"),
    }
}

#[test]
fn a_bad_one_lists_the_good_ones() {
    let output = child("tokyo");
    assert!(!output.status.success());
    let text = printed(&output);
    assert!(text.contains("ANYRT_BACKEND"), "{text}");
    assert!(
        text.contains("`tokio`, `smol`, `async-std`, `sim`"),
        "{text}"
    );
}
