//! The program as its users start it.

use std::env;
use std::fs;
use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_anyrt-bench");
    let output = Command::new(program).args(arguments).output();
    output.expect("the program starts")
}

#[test]
fn overhead_prints_a_table_and_writes_json() {
    let file = env::temp_dir().join(format!("anyrt-bench-{}.json", std::process::id()));
    let path = file.to_str().expect("the name is text");
    let output = bench(&[
        "overhead", "--rounds", "2", "--scale", "0.001", "--case", "JoinSet", "--json", path,
    ]);
    let json = fs::read_to_string(&file).expect("it was written");
    fs::remove_file(&file).expect("it is there");
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).expect("it is text");
    let (head, table) = table.split_once("\n\n").expect("a line stands before it");
    assert!(head.contains("profile, "), "{head}");
    assert!(head.contains("allocator"), "{head}");
    assert!(table.starts_with("| case | backend | against |"), "{table}");
    for key in [
        "case",
        "backend",
        "ours_ns",
        "theirs_ns",
        "theirs",
        "ratio",
        "profile",
        "allocator",
    ] {
        let found = json.matches(&format!("\"{key}\": ")).count();
        assert_eq!(found, table.lines().count() - 2, "{json}");
    }
}

#[test]
fn overhead_lists_what_it_compares() {
    let output = bench(&["overhead", "--list"]);
    assert!(output.status.success(), "{output:?}");
    let list = String::from_utf8(output.stdout).expect("it is text");
    for line in [
        "Mutex, 8 tasks in turn (tokio, two workers) against tokio::sync",
        "Semaphore, alone (tokio, current-thread) against async-lock",
        "Event, alone (tokio, current-thread) against tokio::sync::watch",
        "stream, capacity 0, 8:8 (tokio, two workers) against flume",
        "stream, unbounded, 8:1 (tokio, current-thread) against tokio::sync::mpsc",
        "portal call, 8 threads (tokio, two workers) against Handle::block_on",
    ] {
        assert!(list.lines().any(|listed| listed == line), "{line}: {list}");
    }
}

#[test]
fn memory_measures_in_processes_of_its_own() {
    let output = bench(&["memory", "--children", "2000", "--rounds", "1"]);
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).expect("it is text");
    assert!(table.contains("| tokio, current-thread |"), "{table}");
    assert!(table.contains("| 500 |"), "{table}");
    assert!(table.contains("200 tasks that wait"), "{table}");
    assert!(table.contains("all permits are back"), "{table}");
}

#[test]
fn instructions_are_counted_under_valgrind() {
    let installed = |program| Command::new(program).arg("--version").output().is_ok();
    if !installed("valgrind") || !installed("objdump") || !cfg!(target_arch = "x86_64") {
        assert!(
            env::var_os("ANYRT_REQUIRE_SERVICES").is_none_or(|value| value != "1"),
            "valgrind or objdump is not installed"
        );
        eprintln!("not run: valgrind or objdump is not installed");
        return;
    }
    let output = bench(&["instructions", "--children", "200"]);
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).expect("it is text");
    assert!(table.contains("| no handles | "), "{table}");
}

#[test]
fn mistakes_are_explained() {
    let output = bench(&["overhead", "--case", "no such case"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("`overhead --list` lists them"),
        "{message}"
    );
    assert_eq!(bench(&["overhead", "--bogus"]).status.code(), Some(2));
    assert_eq!(bench(&[]).status.code(), Some(2));
    assert!(bench(&["--help"]).status.success());
}
