//! The program `serve`, where names are bytes, links exist, and signals stop it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use self::support::clients::{Response, curl, is_curl_there};
use self::support::service::{PATIENCE, Service, read_all};
use self::support::{BACKENDS, Folder, SERVE, is_long};

/// The length of a file that does not fit into the buffers of a connection.
const LARGE: u64 = 64 << 20;

fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let listen = ["--backend", backend, "--listen", "127.0.0.1:0"];
    let mut command = SERVE.command(folder, listen);
    command.args(args);
    Service::start(command)
}

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

fn large_file(folder: &Folder, name: &str, length: u64) {
    let path = folder.file(name, "");
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
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

/// Opens a connection without a running request, which a stopping server closes at once.
fn idle_connection(server: &Service) -> TcpStream {
    let mut stream = server.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    read_until(&mut stream, b"</html>\n");
    stream
}

/// Reads up to `end`.
fn read_until(stream: &mut TcpStream, end: &[u8]) {
    let mut seen = Vec::new();
    while !seen.ends_with(end) {
        let mut buffer = [0; 1000];
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0);
        seen.extend(&buffer[..read]);
    }
}

#[test]
fn running_requests_are_finished() {
    let folder = Folder::new();
    large_file(&folder, "large", LARGE);
    for backend in BACKENDS {
        for signal in ["INT", "TERM"] {
            let server = serve(&folder, backend, &["."]);
            let (idle, fresh) = (idle_connection(&server), server.connect());
            let mut stream = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
            stream.read_exact(&mut [0; 1000]).unwrap();

            let address = server.address();
            server.signal(signal);
            assert_eq!(read_all(&idle), b"", "nothing is lost with it");
            assert_eq!(read_all(&fresh), b"");
            // The listener is closed by then, too.
            while TcpStream::connect(address).is_ok() {
                thread::yield_now();
            }

            let rest = read_all(&stream);
            assert!(rest.len() as u64 > LARGE - 1000, "{} bytes", rest.len());
            let (status, errors) = server.ended();
            assert_eq!(status, Some(0));
            assert!(
                errors.ends_with("serve: stopped: every request was finished\n"),
                "{errors}"
            );
            let line = format!("\"GET /large HTTP/1.1\" 200 {LARGE} bytes");
            assert!(errors.contains(&line), "{errors}");
            let of_requests = errors.lines().filter(|line| line.contains('"')).count();
            assert_eq!(errors.lines().count(), of_requests + 1, "{errors}");
        }
    }
}

/// Checks this however long a client waits before it reads the rest of its response.
#[test]
fn a_running_request_has_more_time_than_a_goodbye() {
    let folder = Folder::new();
    large_file(&folder, "large", LARGE);
    thread::scope(|scope| {
        for backend in BACKENDS {
            let folder = &folder;
            scope.spawn(move || {
                let server = serve(folder, backend, &["."]);
                let mut stream = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
                stream.read_exact(&mut [0; 1000]).unwrap();
                server.signal("TERM");
                thread::sleep(Duration::from_millis(1500));
                let rest = read_all(&stream);
                assert!(rest.len() as u64 > LARGE - 1000, "{} bytes", rest.len());
                let (status, errors) = server.ended();
                assert_eq!(status, Some(0), "{errors}");
            });
        }
    });
}

/// Limits that are longer than the test.
const NO_LIMITS: [&str; 6] = [
    "--timeout",
    "1000",
    "--idle-timeout",
    "1000",
    "--grace",
    "1000",
];

#[test]
fn who_has_no_request_is_not_waited_for() {
    let folder = Folder::new();
    folder.file("file", "content");
    for backend in BACKENDS {
        let server = serve(&folder, backend, &[&NO_LIMITS[..], &["."]].concat());
        // Half a head, which was sent with a request that has been answered.
        let mut half = server.send(b"GET /file HTTP/1.1\r\nhost: x\r\n\r\nGET /file HTTP/1.1\r\n");
        read_until(&mut half, b"content");
        // HTTP/2, and no answer to the server's frames.
        let mut mute = server.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        mute.read_exact(&mut [0; 9]).unwrap();

        server.signal("TERM");
        let (status, errors) = server.ended();
        assert_eq!(status, Some(0), "{errors}");
        assert!(
            errors.ends_with("serve: stopped: every request was finished\n"),
            "{errors}"
        );
    }
}

#[test]
fn running_requests_of_http_2_are_finished() {
    if !is_curl_there() {
        return;
    }
    // More than the bytes in transit at any time.
    const LENGTH: u64 = LARGE / 4;
    let folder = Folder::new();
    large_file(&folder, "large", LENGTH);
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--self-signed", "."]);
        let url = format!("{}large", server.url());
        let args = ["--insecure", "--http2", "--limit-rate", "16M", &url];
        let mut child = curl(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut [0; 1000]).unwrap();
        server.signal("TERM");
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len() as u64, LENGTH - 1000);
        assert!(child.wait().unwrap().success());
        let (status, errors) = server.ended();
        assert_eq!(status, Some(0), "{errors}");
    }
}

#[test]
fn what_takes_longer_is_cut_off() {
    let folder = Folder::new();
    large_file(&folder, "large", LARGE);
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--grace", "0.2", "."]);
        let mut streams = [(); 2].map(|()| server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n"));
        for stream in &mut streams {
            stream.read_exact(&mut [0; 1000]).unwrap();
        }
        server.signal("TERM");
        let (status, errors) = server.ended();
        assert_eq!(status, Some(1));
        let last = "serve: stopped: 2 connections were cut off after 0.2 s\n";
        assert!(errors.ends_with(last), "{errors}");
        assert_eq!(errors.matches(", cut off\n").count(), 2, "{errors}");
        for stream in streams {
            assert!((read_all(&stream).len() as u64) < LARGE - 1000);
        }
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    large_file(&folder, "large", LARGE);
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--grace", "1000", "."]);
        let idle = idle_connection(&server);
        let mut stream = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.read_exact(&mut [0; 1000]).unwrap();
        server.signal("TERM");
        assert_eq!(read_all(&idle), b"", "it was told");
        server.signal("INT");
        let (status, _) = server.ended();
        assert_eq!(status, None, "the signal itself ended it");
    }
}

/// Checks that a client beyond the limit is served when there is room.
#[test]
fn more_connections_than_the_limit_have_to_wait() {
    let folder = Folder::new();
    folder.file("file", "content");
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--max-connections", "2", "."]);
        let first = idle_connection(&server);
        let second = idle_connection(&server);
        let mut third = server.connect();
        third
            .write_all(b"GET /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        third
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let waits = third.read(&mut [0; 1]).unwrap_err();
        assert_eq!(waits.kind(), std::io::ErrorKind::WouldBlock);
        drop(first);
        third.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(Response::parse(&read_all(&third)).text(), "content");
        drop(second);
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
