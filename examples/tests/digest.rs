//! The program `digest`, run as a process.

mod support;

use std::fs;
use std::time::Duration;

use self::support::{BACKENDS, DIGEST, Folder, error_lines, text};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const MILLION_A: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

#[test]
fn prints_hashes_and_names() {
    let folder = Folder::new();
    folder.file("abc", "abc");
    folder.file("below/empty", "");
    folder.file("million", "a".repeat(1_000_000));
    for backend in BACKENDS {
        let output = DIGEST.run(&folder, ["--backend", backend, "."]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let expected = format!("{ABC}  ./abc\n{EMPTY}  ./below/empty\n{MILLION_A}  ./million\n");
        assert_eq!(text(&output.stdout), expected);
        assert_eq!(text(&output.stderr), "", "progress is for terminals");
    }
}

/// Checks that files are sorted by the bytes of the whole path, like `LC_ALL=C sort`, and that arguments
/// keep their order.
#[test]
fn sorts_within_what_was_given() {
    let folder = Folder::new();
    for name in ["z/b", "z/a", "z/a.txt", "z/a-b/c", "z/B", "y/x"] {
        folder.file(name, "");
    }
    for jobs in ["1", "7", "1000000000"] {
        let output = DIGEST.run(&folder, ["--jobs", jobs, "z", "y", "z/b"]);
        let names: Vec<String> = text(&output.stdout)
            .lines()
            .map(|line| line[EMPTY.len() + 2..].to_owned())
            .collect();
        let expected = ["z/B", "z/a", "z/a-b/c", "z/a.txt", "z/b", "y/x", "z/b"];
        assert_eq!(names, expected);
    }
}

#[test]
fn gives_the_same_on_every_backend() {
    let folder = Folder::new();
    for number in 0..500 {
        let content = number.to_string().repeat(number * 7 % 5000);
        folder.file(format!("{}/{number}", number % 13), content);
    }
    folder.file("large", vec![7; 9 << 20]);
    let outputs: Vec<_> = BACKENDS
        .iter()
        .map(|backend| DIGEST.run(&folder, ["--backend", backend, "--jobs", "3", "."]))
        .collect();
    assert_eq!(text(&outputs[0].stdout).lines().count(), 501);
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stdout, outputs[0].stdout);
    }
}

#[test]
fn a_missing_path_is_reported_and_the_rest_goes_on() {
    let folder = Folder::new();
    folder.file("there", "abc");
    for backend in BACKENDS {
        let output = DIGEST.run(&folder, ["--backend", backend, "not-there", "there"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), format!("{ABC}  there\n"));
        let errors = error_lines(&output);
        assert!(errors[0].starts_with("digest: not-there: "), "{errors:?}");
        assert_eq!(errors[1..], ["digest: 1 path could not be read"]);
    }
}

#[test]
fn an_empty_folder_gives_nothing() {
    let folder = Folder::new();
    let output = DIGEST.run(&folder, ["."]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"");
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    let folder = Folder::new();
    folder.file("there", "");
    DIGEST.fails_with(&folder, ["--jobs", "0", "there"], "at least 1 job");
    DIGEST.fails_with(&folder, ["--jobs", "some", "there"], "not a number");
    DIGEST.fails_with(&folder, ["--jobs"], "--jobs");
    DIGEST.fails_with(&folder, [], "no PATH");
    DIGEST.fails_with(&folder, ["--fast", "there"], "--fast");
    let backends = "`tokio`, `smol`, `async-std`";
    DIGEST.fails_with(&folder, ["--backend", "tokyo", "there"], backends);
}

#[test]
fn a_bad_environment_variable_says_what_is_wrong() {
    let folder = Folder::new();
    let mut command = DIGEST.command(&folder, ["."]);
    let output = command.env("ANYRT_BACKEND", "tokyo").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("ANYRT_BACKEND"), "{errors}");
    assert!(errors.contains("`tokio`, `smol`, `async-std`"), "{errors}");
}

#[test]
fn help_is_printed() {
    let folder = Folder::new();
    let output = DIGEST.run(&folder, ["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Usage: digest"));
}

/// Checks that a file that is listed and missing when it is opened is reported. The outcome of the race
/// cannot be fixed: the files are removed while the program works, and every file that it finds is counted.
#[test]
fn files_that_vanish_are_reported() {
    let folder = Folder::new();
    for number in 0..2000 {
        folder.file(format!("{number:04}"), "abc");
    }
    let child = DIGEST
        .command(&folder, ["--jobs", "1", "."])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(5));
    for number in (0..2000).rev() {
        fs::remove_file(folder.path().join(format!("{number:04}"))).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let lines = text(&output.stdout).lines().count();
    let mut errors = error_lines(&output);
    match errors.pop() {
        None => assert_eq!(output.status.code(), Some(0)),
        Some(_count) => {
            assert_eq!(output.status.code(), Some(1));
            assert!(lines + errors.len() <= 2000);
            for error in errors {
                assert!(error.contains("o such file"), "{error}");
            }
        }
    }
}
