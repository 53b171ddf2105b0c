//! The program `digest`, where names are bytes, links exist, and Ctrl-C is a signal.

#![cfg(unix)]

mod support;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use self::support::{BACKENDS, DIGEST, Folder, Interrupted, error_lines, text};

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Checks that names are printed as in coreutils: a backslash in front of the line, and escapes in the
/// name. Bytes that are not text stay as they are.
#[test]
fn prints_odd_names_as_sha256sum_does() {
    let folder = Folder::new();
    for name in [&b"a\\b"[..], b"c\nd", b"e\rf", b"g\xffh", b"i j"] {
        folder.file(OsStr::from_bytes(name), "abc");
    }
    let mut expected = Vec::new();
    for (mark, name) in [
        ("\\", &b"./a\\\\b"[..]),
        ("\\", b"./c\\nd"),
        ("\\", b"./e\\rf"),
        ("", b"./g\xffh"),
        ("", b"./i j"),
    ] {
        expected.extend(format!("{mark}{ABC}  ").as_bytes());
        expected.extend(name);
        expected.push(b'\n');
    }
    for backend in BACKENDS {
        let output = DIGEST.run(&folder, ["--backend", backend, "."]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stdout, expected);
    }
}

#[test]
fn sha256sum_accepts_the_output() {
    let folder = Folder::new();
    for name in [&b"plain"[..], b"a\\b", b"c\nd", b"g\xffh"] {
        folder.file(OsStr::from_bytes(name), name);
    }
    let output = DIGEST.run(&folder, ["."]);
    fs::write(folder.path().join("sums"), &output.stdout).unwrap();
    let mut check = Command::new("sha256sum");
    check.args(["-c", "--quiet", "--strict", "sums"]);
    match check.current_dir(folder.path()).output() {
        Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
        Err(_) => eprintln!("there is no sha256sum here to ask"),
    }
}

#[test]
fn unreadable_files_are_counted_and_the_rest_goes_on() {
    let folder = Folder::new();
    folder.file("a", "abc");
    let secret = folder.file("b", "abc");
    folder.file("c", "abc");
    fs::set_permissions(&secret, Permissions::from_mode(0o000)).unwrap();
    if File::open(&secret).is_ok() {
        // This user may read everything, but a link to itself cannot be opened.
        fs::remove_file(&secret).unwrap();
        symlink("b", &secret).unwrap();
    }
    for backend in BACKENDS {
        let output = DIGEST.run(&folder, ["--backend", backend, "a", "b", "c"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), format!("{ABC}  a\n{ABC}  c\n"));
        let errors = error_lines(&output);
        assert!(errors[0].starts_with("digest: b: "), "{errors:?}");
        assert_eq!(errors[1..], ["digest: 1 path could not be read"]);
    }
}

#[test]
fn a_read_error_is_reported() {
    // A regular file that opens, and fails at its first read.
    if Path::new("/proc/self/mem").exists() {
        let output = DIGEST.run(&Folder::new(), ["/proc/self/mem"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(error_lines(&output)[0].starts_with("digest: /proc/self/mem: "));
    }
}

#[test]
fn links_are_followed_where_they_are_given_and_not_below() {
    let folder = Folder::new();
    folder.file("real/file", "abc");
    symlink("real", folder.path().join("link")).unwrap();
    symlink("file", folder.path().join("real/other")).unwrap();
    symlink(".", folder.path().join("real/loop")).unwrap();
    let output = DIGEST.run(&folder, [".", "link", "real/other"]);
    let expected = format!("{ABC}  ./real/file\n{ABC}  link/file\n{ABC}  real/other\n");
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn what_is_no_file_is_reported() {
    let output = DIGEST.run(&Folder::new(), ["/dev/null"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_lines(&output)[0].contains("neither a regular file nor a directory"));
}

#[test]
fn output_that_cannot_be_written_ends_it() {
    let folder = Folder::new();
    folder.file("a", "abc");
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    for backend in BACKENDS {
        let mut command = DIGEST.command(&folder, ["--backend", backend, "a"]);
        let output = command
            .stdout(Stdio::from(full.try_clone().unwrap()))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = text(&output.stderr);
        assert!(errors.contains("cannot write the output"), "{errors}");
    }
}

/// Interrupts the program when it has reported the missing path; the file after that would take it minutes.
#[test]
fn ctrl_c_cancels_cleans_up_and_says_how_far_it_got() {
    for backend in BACKENDS {
        let folder = Folder::new();
        folder.file("a", "abc");
        let large = folder.file("large", "");
        File::options()
            .write(true)
            .open(large)
            .unwrap()
            .set_len(1 << 38)
            .unwrap();

        let args = ["--backend", backend, "--jobs", "2", "a", "missing", "large"];
        let Interrupted {
            first,
            rest,
            stdout,
        } = DIGEST.interrupted(&folder, args);
        assert!(first.starts_with("digest: missing: "), "{first}");
        assert_eq!(rest, "digest: interrupted: 2 of 3 files done\n");
        assert_eq!(
            text(&stdout),
            format!("{ABC}  a\n"),
            "what was hashed is printed"
        );
    }
}
