//! Files: names, links, times, sizes, and changes while they are served.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;

use super::{LARGE, large_file, serve};
use crate::support::clients::{Response, curl, is_curl_there};
use crate::support::service::{Service, read_all};
use crate::support::{BACKENDS, Folder, is_long};

/// Requests a path as it is, which most clients would normalize.
fn get(server: &Service, path: &[u8]) -> Response {
    let head = [
        b"GET ",
        path,
        b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ]
    .concat();
    Response::parse(&read_all(&server.send(&head)))
}

#[test]
fn nothing_outside_can_be_reached() {
    let folder = Folder::new();
    let secret = folder.file("secret", "the secret");
    folder.file("outside/file", "the secret");
    folder.file("inside/file", "public");
    folder.file("inside/below/other", "public");
    folder.file("inside-not/file", "the secret");
    let inside = folder.path().join("inside");
    symlink("../secret", inside.join("out")).unwrap();
    symlink(&secret, inside.join("absolute")).unwrap();
    symlink("../outside", inside.join("dir")).unwrap();
    symlink("../inside-not", inside.join("like")).unwrap();
    symlink("../../secret", inside.join("below/index.html")).unwrap();
    symlink("file", inside.join("link")).unwrap();
    symlink("../inside/file", inside.join("around")).unwrap();
    symlink("below", inside.join("linked")).unwrap();
    symlink("nowhere", inside.join("broken")).unwrap();
    let pipe = inside.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // The served directory may be a link itself.
    symlink("inside", folder.path().join("root")).unwrap();

    for backend in BACKENDS {
        for root in ["inside", "root"] {
            let server = serve(&folder, backend, &[root]);
            let status = |path: &str| {
                let response = get(&server, path.as_bytes());
                assert!(
                    !response.text().contains("the secret"),
                    "{path}: {response:?}"
                );
                response.status[9..12].to_owned()
            };
            for path in [
                "/../secret",
                "/..",
                "/../",
                "/%2e%2e/secret",
                "/%2E./secret",
                "/..%2fsecret",
                "/%2e%2e%2fsecret",
                "/below/../../secret",
                "/below/..",
                "/./file",
                "/.",
                "/%2fetc%2fpasswd",
                "/..\\secret",
                "/..%5csecret",
                "/%252e%252e/secret",
                "/file%00",
                "/file/",
                "/file/..",
                "/below/%2e%2e/file",
                "/broken",
                "/%c0%ae%c0%ae/secret",
                "/..;/secret",
            ] {
                assert_eq!(status(path), "404", "{path}");
            }
            for path in [
                "/out",
                "/absolute",
                "/dir",
                "/dir/",
                "/dir/file",
                "/like/file",
                "/below/",
                "/pipe",
            ] {
                assert_eq!(status(path), "403", "{path}");
            }
            for path in [
                "/file",
                "//file",
                "/link",
                "/around",
                "/linked/other",
                "/below//other",
                "/",
                "http://elsewhere/file",
            ] {
                assert_eq!(status(path), "200", "{path}");
            }
            assert_eq!(status("//etc/passwd"), "404", "it is below the directory");
            server.stop();
        }
    }
}

#[test]
fn names_may_be_any_bytes() {
    let folder = Folder::new();
    folder.file(OsStr::from_bytes(b"odd\xff\n<"), "found");
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["."]);
        let list = get(&server, b"/");
        let link = "<li><a href=\"./odd%FF%0A%3C\">odd\u{fffd}\n&lt;</a></li>";
        assert!(list.text().contains(link), "{}", list.text());
        assert_eq!(get(&server, b"/odd%FF%0A%3C").text(), "found");
        server.stop();
    }
}

#[test]
fn times_before_1970_are_no_trouble() {
    let folder = Folder::new();
    let file = folder.file("old", "content");
    let touched = Command::new("touch")
        .args(["-d", "1960-01-01"])
        .arg(file)
        .status();
    assert!(touched.unwrap().success());
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["."]);
        let response = get(&server, b"/old");
        assert_eq!(response.header("last-modified"), None);
        assert!(response.header("etag").is_some());
        assert_eq!(response.text(), "content");
        server.stop();
    }
}

/// Checks that a file that is truncated ends the connection: the client notices that bytes are missing.
#[test]
fn a_file_that_shrinks_is_not_passed_off_as_whole() {
    let folder = Folder::new();
    for backend in BACKENDS {
        large_file(&folder, "file", LARGE);
        let server = serve(&folder, backend, &["."]);
        let mut stream = server.send(b"GET /file HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.read_exact(&mut [0; 1000]).unwrap();
        File::options()
            .write(true)
            .open(folder.path().join("file"))
            .unwrap()
            .set_len(10)
            .unwrap();
        assert!((read_all(&stream).len() as u64) < LARGE);
        server.wait_for("the file has become shorter");
        server.stop();
    }
}

/// Checks that only a chunk of a file is in memory, however large it is, and however slowly it is read.
#[test]
fn memory_does_not_depend_on_the_file() {
    if !is_curl_there() {
        return;
    }
    let length: u64 = if is_long() { 2 << 30 } else { LARGE / 2 };
    let folder = Folder::new();
    large_file(&folder, "large", length);
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--self-signed", "-q", "."]);
        let url = format!("{}large", server.url());
        let fetch = |args: &[&str]| {
            let args = [&["--insecure", "--output", "/dev/null"], args, &[&url]].concat();
            curl(&args).spawn().unwrap()
        };
        assert!(fetch(&["--range", "0-9999999"]).wait().unwrap().success());
        let before = server.peak_memory();
        let fetching = [&["--http1.1"][..], &["--http2"]].map(fetch);
        for mut fetching in fetching {
            assert!(fetching.wait().unwrap().success());
        }
        let after = server.peak_memory();
        if let (Some(before), Some(after)) = (before, after) {
            eprintln!("{backend}: {before} KiB, then {after} KiB at most");
            assert!(after < before + 16 * 1024, "{before} KiB, then {after} KiB");
        }
        server.stop();
    }
}

/// Creates and removes files while they are listed and served.
#[test]
fn what_vanishes_is_not_found() {
    let folder = Folder::new();
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["-q", "."]);
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..300 {
                    let file = folder.file(format!("file{}", number % 3), "content");
                    fs::remove_file(file).unwrap();
                }
            });
            for _ in 0..100 {
                let status = get(&server, b"/file1").status;
                assert!(
                    ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"].contains(&&*status),
                    "{status}"
                );
                assert_eq!(get(&server, b"/").status, "HTTP/1.1 200 OK");
            }
        });
        server.stop();
    }
}
