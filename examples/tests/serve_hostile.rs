//! The program `serve`, and hostile clients.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use self::support::clients::{Response, is_curl_there, request};
use self::support::service::{PATIENCE, Service, read_all, read_slowly};
use self::support::{BACKENDS, Folder, SERVE};

const GET: &[u8] = b"GET /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The first bytes of HTTP/2: the preface, and settings that change nothing.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The maximal growth of the memory since the server was idle, in KiB.
const MEMORY: u64 = 48 * 1024;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("file", "content");
    let large = folder.file("large", "");
    let large = File::options().write(true).open(large).unwrap();
    large.set_len(1 << 30).unwrap();
    folder
}

/// Starts a server with short limits.
fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let mut command = SERVE.command(
        folder,
        ["--backend", backend, "--listen", "127.0.0.1:0", "."],
    );
    command
        .args(["--timeout", "1", "--idle-timeout", "2"])
        .args(args);
    Service::start(command)
}

#[track_caller]
fn still_serves(server: &Service) {
    let response = Response::parse(&read_all(&server.send(GET)));
    assert_eq!(response.text(), "content");
}

/// Calls `attack` with a server on each backend, with these arguments. Afterwards the server works, and its
/// descriptors and memory are as before.
fn survives(args: &[&str], attack: impl Fn(&Service) + Sync) {
    let folder = folder();
    thread::scope(|scope| {
        for backend in BACKENDS {
            let (folder, attack) = (&folder, &attack);
            scope.spawn(move || {
                let server = serve(folder, backend, args);
                let tls = args.contains(&"--self-signed");
                let check = || match tls {
                    false => still_serves(&server),
                    true if is_curl_there() => {
                        let response = request(&["--insecure", &format!("{}file", server.url())]);
                        assert_eq!(response.text(), "content");
                    }
                    true => {}
                };
                check();
                let (descriptors, memory) = (server.descriptors_at_rest(), server.peak_memory());
                attack(&server);
                check();
                server.wait_for_descriptors(descriptors);
                if let (Some(before), Some(after)) = (memory, server.peak_memory()) {
                    eprintln!("{backend}: {before} KiB, then {after} KiB at most");
                    assert!(after < before + MEMORY, "{before} KiB, then {after} KiB");
                }
                server.stop();
            });
        }
    });
}

/// Waits until the server closes the connection, and returns the bytes before that.
#[track_caller]
fn is_closed(stream: &TcpStream) -> Vec<u8> {
    read_all(stream)
}

/// Sends a byte now and then, until the server closes the connection, and returns how long that took.
fn drip(mut stream: &TcpStream, bytes: &[u8]) -> Duration {
    let start = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    for byte in bytes.iter().cycle() {
        assert!(start.elapsed() < PATIENCE, "it is held for ever");
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        match stream.read(&mut [0; 100]) {
            Ok(0) => break,
            Err(error) if error.kind() != ErrorKind::WouldBlock => break,
            _ => {}
        }
    }
    start.elapsed()
}

#[test]
fn slow_heads_are_not_waited_for() {
    survives(&[], |server| {
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let stream = server.send(b"GET / HTTP/1.1\r\n");
                    let held = drip(&stream, b"x-header: value\r\n");
                    assert!(held < Duration::from_secs(20), "{held:?}");
                });
            }
            for _ in 0..20 {
                still_serves(server);
            }
        });
    });
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    survives(&["--idle-timeout", "1000"], |server| {
        let parts: [&[u8]; 6] = [b"", b"G", b"PRI * HTT", &HTTP_2[..24], HTTP_2, b"\r\n"];
        let streams: Vec<_> = parts.map(|part| server.send(part)).into();
        still_serves(server);
        for stream in &streams {
            is_closed(stream);
        }
        server.wait_for("asked for or took nothing for too long");
        // With HTTP/1.1, the same between requests.
        let mut stream = server.send(b"GET /file HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.read_exact(&mut [0; 10]).unwrap();
        assert!(is_closed(&stream).ends_with(b"content"));
    });
}

/// Checks that a frame now and then does not keep a connection open: only requests and responses that are
/// read do.
#[test]
fn slow_http_2_is_not_waited_for() {
    survives(&[], |server| {
        let stream = server.send(HTTP_2);
        let window_update = b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01";
        let held = drip(&stream, window_update);
        assert!(held < Duration::from_secs(20), "{held:?}");
        // Pings do not, either: there is a request, but nothing of the response may be sent.
        let preface = &HTTP_2[..24];
        let no_window = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
        let get = b"\0\0\x0a\x01\x05\0\0\0\x01\x82\x86\x04\x06/large";
        let stream = server.send(&[preface, no_window, get].concat());
        let held = drip(&stream, b"\0\0\x08\x06\0\0\0\0\0 a ping ");
        assert!(held < Duration::from_secs(20), "{held:?}");
        server.wait_for("GET /large HTTP/2.0\" 200 ");
    });
}

#[test]
fn who_takes_nothing_is_not_waited_for() {
    survives(&[], |server| {
        let get = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";
        let streams: Vec<_> = (0..20).map(|_| server.send(get)).collect();
        still_serves(server);
        server.wait_for_lines(20, ", cut off");
        server.wait_for_lines(20, "took nothing for too long");
        for stream in &streams {
            assert!(is_closed(stream).len() < 1 << 30);
        }
    });
}

/// Checks that a slow reader may take longer than one that reads nothing.
#[test]
fn who_takes_it_slowly_is_waited_for() {
    survives(&[], |server| {
        let stream = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
        read_slowly(&stream, Duration::from_secs(5));
        let errors = server.errors();
        assert!(!errors.contains("took nothing"), "{errors}");
    });
}

/// Connects as a TLS client that is silent, trickles bytes, or sends something else.
#[test]
fn handshakes_have_a_limit() {
    survives(&["--self-signed"], |server| {
        let silent = [(); 20].map(|()| server.connect());
        let hello = b"\x16\x03\x01\x40\x00\x01";
        let begun = server.send(hello);
        thread::scope(|scope| {
            scope.spawn(|| {
                let held = drip(&server.send(hello), b"\0");
                assert!(held < Duration::from_secs(20), "{held:?}");
            });
            for garbage in [
                GET,
                b"\xff\xff\xff\xff\xff\xff\xff",
                &[0; 10_000],
                &[0x16; 70_000],
            ] {
                scope.spawn(|| is_closed(&send_what_it_takes(server, garbage)));
            }
            for stream in silent.iter().chain([&begun]) {
                assert_eq!(is_closed(stream), b"");
            }
        });
        server.wait_for_lines(21, "TLS handshake");
    });
}

/// Sends the bytes; the server may have closed the connection before it has read all of them.
fn send_what_it_takes(server: &Service, bytes: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    let _ = stream.write_all(bytes);
    stream
}

#[test]
fn garbage_is_refused() {
    survives(&[], |server| {
        let mut long = b"GET /".to_vec();
        long.resize(1 << 20, b'x');
        let mut headers = b"GET / HTTP/1.1\r\n".to_vec();
        headers.extend(b"x: y\r\n".repeat(100_000));
        let mut frames = HTTP_2.to_vec();
        frames.extend(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff");
        let inputs: [&[u8]; 9] = [
            b"\x16\x03\x01\x02\x00\x01",
            b"\0\0\0\0\0\0\0\0\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            b"GET /\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            &frames,
            &long,
            &headers,
        ];
        for input in inputs {
            let stream = send_what_it_takes(server, input);
            let answer = is_closed(&stream);
            let (start, _) = answer.split_at(answer.len().min(12));
            let refused = [&b"HTTP/1.1 400"[..], b"HTTP/1.1 431", b"HTTP/1.1 414"];
            // Of HTTP/2, frames, which close the connection.
            assert!(
                answer.is_empty() || refused.contains(&start) || answer.starts_with(b"\0\0"),
                "{:?} for {:?}",
                String::from_utf8_lossy(&answer),
                String::from_utf8_lossy(&input[..input.len().min(50)])
            );
        }
    });
}

/// Pseudo-random numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Sends some bytes, and closes: mostly with unread bytes, which is a reset.
fn hit_and_run(server: &Service, numbers: &mut Numbers) {
    let Ok(mut stream) = TcpStream::connect(server.address()) else {
        return;
    };
    let stop = numbers.below(50) as usize;
    let get = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";
    let _ = match numbers.below(6) {
        0 => Ok(0),
        1 => stream.write(&get[..stop.min(get.len())]),
        2 => stream.write(&HTTP_2[..stop.min(HTTP_2.len())]),
        3 => stream
            .write(GET)
            .and_then(|_| stream.shutdown(Shutdown::Write))
            .map(|()| 0),
        _ => stream.write(get).and_then(|_| stream.read(&mut [0; 100])),
    };
    if numbers.below(4) == 0 {
        thread::sleep(Duration::from_millis(numbers.below(20)));
    }
}

#[test]
fn a_thousand_connections_come_and_go() {
    survives(&["-q"], |server| {
        thread::scope(|scope| {
            for seed in 0..8 {
                scope.spawn(move || {
                    let mut numbers = Numbers(seed);
                    for _ in 0..125 {
                        hit_and_run(server, &mut numbers);
                    }
                });
            }
            for _ in 0..50 {
                still_serves(server);
            }
        });
    });
}

#[test]
fn a_thousand_tls_connections_come_and_go() {
    survives(&["-q", "--self-signed"], |server| {
        let mut numbers = Numbers(1);
        for _ in 0..1000 {
            hit_and_run(server, &mut numbers);
        }
    });
}

/// Checks that with no descriptor left, no connection can be accepted and no file opened, until there are
/// some again.
#[test]
fn it_survives_a_lack_of_descriptors() {
    let folder = folder();
    for backend in BACKENDS {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -n 64; exec \"$@\"", "sh", SERVE.path()])
            .args(["--backend", backend, "--listen", "127.0.0.1:0", "."])
            .args(["--timeout", "1000", "--idle-timeout", "1000"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let server = Service::start(command);
        still_serves(&server);
        let descriptors = server.descriptors_at_rest();

        let mut streams: Vec<_> = (0..100).map(|_| server.connect()).collect();
        server.wait_for("no connection can be accepted for now");
        // Connections that were accepted are answered.
        let first = &mut streams[0];
        first.write_all(GET).unwrap();
        let status = Response::parse(&read_all(first)).status;
        assert_eq!(status, "HTTP/1.1 503 Service Unavailable");

        drop(streams);
        still_serves(&server);
        server.wait_for_descriptors(descriptors);
        server.stop();
    }
}
