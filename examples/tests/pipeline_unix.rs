//! The program `pipeline`, where names are bytes, links exist, and Ctrl-C is a signal.

#![cfg(unix)]

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use self::support::{BACKENDS, Folder, Interrupted, PIPELINE, error_lines, text};

/// The length limit of a path.
const PATH_MAX: usize = if cfg!(target_os = "linux") {
    4096
} else {
    1024
};

/// Makes files that no user can open, not even one who may read everything: their paths are too long.
/// Returns the path of their directory, which is not too long.
fn unreadable(folder: &Folder, count: usize) -> String {
    let mut directory = format!("{}/", "d".repeat(200)).repeat(PATH_MAX / 200);
    directory.truncate(PATH_MAX - 200);
    let mut shell = Command::new("sh");
    shell.args([
        "-ec",
        MAKE,
        "sh",
        &directory,
        &"n".repeat(240),
        &count.to_string(),
    ]);
    assert!(
        shell
            .current_dir(folder.path())
            .status()
            .expect("the shell starts")
            .success()
    );
    directory
}

const MAKE: &str = r#"
    mkdir -p "$1"
    cd "$1"
    while [ "$3" -gt 0 ]; do
        : >"$2$3"
        set "$1" "$2" $(($3 - 1))
    done
"#;

/// Runs the command of the guide that has the same output.
#[test]
fn the_shell_confirms_the_output() {
    let folder = Folder::new();
    folder.file("tree/text", "It's a word, it is.");
    folder.file("tree/other", "It IS\r\nanother\u{e9}word");
    folder.file("tree/latin", b"caf\xe9 au lait");
    folder.file("tree/binary", "it\0is");
    folder.file("tree/empty", "");
    folder.file(OsStr::from_bytes(b"tree/ odd\n\xff"), "odd");
    let mut late = b"word\n".repeat(400_000);
    folder.file("tree/large", &late);
    late.push(0);
    folder.file("tree/late", &late);
    symlink("text", folder.path().join("tree/link")).unwrap();

    let guide = include_str!("../../guide/src/programs.md");
    let (_, command) = guide.split_once("$ export LC_ALL=C\n$ ").unwrap();
    let (command, _) = command.split_once("\n```").unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &command.replace("DIR", "tree")]);
    let confirmed = shell.current_dir(folder.path()).env("LC_ALL", "C").output();
    let confirmed = confirmed.unwrap();
    if !confirmed.status.success() || !confirmed.stderr.is_empty() {
        eprintln!("there are no GNU tools here to ask: {confirmed:?}");
        return;
    }
    for backend in BACKENDS {
        let output = PIPELINE.run(&folder, ["--backend", backend, "tree"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout), text(&confirmed.stdout));
    }
}

#[test]
fn names_may_be_any_bytes() {
    let folder = Folder::new();
    folder.file(OsStr::from_bytes(b"g\xffh/i\xfe"), "word");
    folder.file(OsStr::from_bytes(b"new\nline"), "word");
    for backend in BACKENDS {
        let output = PIPELINE.run(&folder, ["--backend", backend, "."]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout), "      2 word\n");
    }
}

#[test]
fn unreadable_files_are_counted_and_the_rest_goes_on() {
    let folder = Folder::new();
    folder.file("a", "word");
    unreadable(&folder, 3);
    for backend in BACKENDS {
        let output = PIPELINE.run(&folder, ["--backend", backend, "."]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "      1 word\n");
        let mut errors = error_lines(&output);
        assert_eq!(errors.pop(), Some("pipeline: 3 paths could not be read"));
        assert_eq!(errors.len(), 3);
        for error in errors {
            assert!(error.starts_with("pipeline: ./dddd"), "{error}");
            assert!(error.contains("name too long"), "{error}");
        }
    }
}

#[test]
fn links_are_followed_where_they_are_given_and_not_below() {
    let folder = Folder::new();
    folder.file("real/file", "word");
    symlink("real", folder.path().join("link")).unwrap();
    symlink("file", folder.path().join("real/other")).unwrap();
    symlink(".", folder.path().join("real/loop")).unwrap();
    let output = PIPELINE.run(&folder, ["link"]);
    assert_eq!(text(&output.stdout), "      1 word\n");
}

#[test]
fn output_that_cannot_be_written_ends_it() {
    let folder = Folder::new();
    folder.file("a", "word");
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    for backend in BACKENDS {
        let mut command = PIPELINE.command(&folder, ["--backend", backend, "a"]);
        let full = full.try_clone().unwrap();
        let output = command.stdout(Stdio::from(full)).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = text(&output.stderr);
        assert!(errors.contains("cannot write the output"), "{errors}");
    }
}

/// Interrupts the program when it has reported unreadable files; the links between them would take it
/// minutes.
#[test]
fn ctrl_c_cancels_cleans_up_and_says_how_far_it_got() {
    let folder = Folder::new();
    let large = folder.file("large", "word ".repeat(3 << 20));
    let directory = folder.path().join(unreadable(&folder, 900));
    for number in 0..900 {
        fs::hard_link(&large, directory.join(number.to_string())).unwrap();
    }
    for backend in BACKENDS {
        let args = ["--backend", backend, "--jobs", "2", "."];
        let Interrupted {
            first,
            rest,
            stdout,
        } = PIPELINE.interrupted(&folder, args);
        assert!(first.contains("name too long"), "{first}");
        let last = rest.lines().last().unwrap();
        assert!(last.starts_with("pipeline: interrupted: "), "{last}");
        let words: Vec<_> = last.split(' ').collect();
        assert_eq!(words[3], "of", "{last}");
        let [read, found] = [2, 4].map(|place| words[place].parse::<usize>().unwrap());
        assert!(
            read < found,
            "it had not read all that it had found: {last}"
        );
        assert!(found < 1800, "it does not run ahead: {last}");
        assert!(last.ends_with(" words counted"), "{last}");
        assert_eq!(stdout, b"", "half a count is none");
    }
}
