//! The program `serve`: the memory of a connection, and how long one can be kept open.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use self::support::clients::Response;
use self::support::service::{PATIENCE, Service, read_all};
use self::support::{BACKENDS, Folder, SERVE, text};

const GET: &[u8] = b"GET /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const GET_LARGE: &[u8] = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";

/// The first bytes of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("file", "content");
    let large = folder.file("large", "");
    let large = File::options().write(true).open(large).unwrap();
    large.set_len(1 << 30).unwrap();
    folder
}

fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let mut command = SERVE.command(
        folder,
        ["--backend", backend, "--listen", "127.0.0.1:0", "-q", "."],
    );
    command.args(args);
    Service::start(command)
}

/// Returns a frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `GET /large`, compressed.
const GET_HEAD: &[u8] = b"\x82\x86\x04\x06/large";
/// `POST /large`, compressed.
const POST_HEAD: &[u8] = b"\x83\x86\x04\x06/large";

/// Returns many requests for a large file, with HTTP/2; `window` bytes of each response may be sent.
fn many_requests(window: u8) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    for stream in (1..64).step_by(2) {
        bytes.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, GET_HEAD));
        if window > 0 {
            bytes.extend(frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, window]));
        }
    }
    bytes
}

/// Returns many requests with the maximal number of headers, with HTTP/2, and without their bodies.
fn many_headers() -> Vec<u8> {
    let mut head = POST_HEAD.to_vec();
    for number in 0..200 {
        // A literal that is not indexed, with its value.
        let name = format!("x{number:03}");
        head.extend([0, 4]);
        head.extend(name.as_bytes());
        head.extend(b"\x01y");
    }
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for stream in (1..64).step_by(2) {
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &head));
    }
    bytes
}

/// Returns a request with a long head, with HTTP/1.1, and without its body.
fn long_head() -> Vec<u8> {
    let mut bytes = b"POST /file HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n".to_vec();
    for number in 0..90 {
        bytes.extend(format!("x{number}: {}\r\n", "y".repeat(600)).as_bytes());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// EN-32: the documented memory for each connection, in KiB.
const PROMISED: u64 = 512;

#[test]
fn memory_is_bounded_for_each_connection() {
    const CONNECTIONS: u64 = 100;
    let folder = folder();
    let attacks = [
        many_requests(0),
        many_requests(1),
        GET_LARGE.to_vec(),
        // All at once, and no response is read.
        GET_LARGE.repeat(100),
        many_headers(),
        long_head(),
    ];
    thread::scope(|scope| {
        for backend in BACKENDS {
            let (folder, attacks) = (&folder, &attacks);
            scope.spawn(move || {
                for (number, attack) in attacks.iter().enumerate() {
                    let server = serve(folder, backend, &[]);
                    assert_eq!(
                        Response::parse(&read_all(&server.send(GET))).text(),
                        "content"
                    );
                    let before = server.peak_memory();
                    let streams: Vec<_> = (0..CONNECTIONS).map(|_| server.send(attack)).collect();
                    // Until the memory does not change any more.
                    let mut peaks = (None, before);
                    while peaks.0 != peaks.1 {
                        thread::sleep(Duration::from_millis(500));
                        peaks = (peaks.1, server.peak_memory());
                    }
                    if let (Some(before), Some(after)) = (before, peaks.1) {
                        let each = (after - before) / CONNECTIONS;
                        eprintln!("{backend}, attack {number}: {each} KiB for each connection");
                        assert!(each < PROMISED, "{each} KiB for each connection");
                    }
                    drop(streams);
                    server.stop();
                }
            });
        }
    });
}

#[test]
fn the_bound_is_stated_and_fits() {
    let help = SERVE.run(&Folder::new(), ["--help"]);
    let help = text(&help.stdout);
    let number = |after: &str| -> u64 {
        let (_, rest) = help.split_once(after).unwrap_or_else(|| panic!("{help}"));
        let digits = rest.split(|char: char| !char.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    let connections = number("to serve at a time, ");
    assert_eq!(number("at most "), PROMISED);
    assert!(connections * PROMISED <= 256 * 1024, "{connections}");
}

/// Sends parts now and then, until the server closes the connection.
fn trickle(mut stream: &TcpStream, parts: impl IntoIterator<Item = Vec<u8>>) {
    let start = Instant::now();
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    for part in parts {
        assert!(start.elapsed() < PATIENCE, "it is kept for ever");
        if stream.write_all(&part).is_err() {
            break;
        }
        // Answers do not matter here.
        loop {
            match stream.read(&mut [0; 1000]) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return,
            }
        }
    }
}

/// EN-31: bodies that trickle keep the connection no longer than the idle limit, so that other clients are
/// served although there is no more room; in each form of sending a body.
#[test]
fn trickling_bodies_do_not_shut_others_out() {
    let folder = folder();
    let sized = b"POST /file HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    let chunked = b"POST /file HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let begun = |bytes: &[u8]| vec![bytes.to_vec()].into_iter();
    let post = |stream| frame(HEADERS, END_HEADERS, stream, POST_HEAD);
    let settled = || [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    // Always byte by byte.
    let ways: [&(dyn Fn(&TcpStream) + Sync); 4] = [
        &|stream| trickle(stream, begun(sized).chain((0..).map(|_| b"x".to_vec()))),
        &|stream| {
            trickle(
                stream,
                begun(chunked).chain((0..).map(|_| b"1\r\nx\r\n".to_vec())),
            )
        },
        &|stream| {
            let bytes = (0..).map(|_| frame(DATA, 0, 1, b"x"));
            trickle(stream, [settled(), post(1)].into_iter().chain(bytes));
        },
        // A new request each time, none of which ends.
        &|stream| {
            let requests = (0..).map(|number| {
                [post(2 * number + 1), frame(DATA, 0, 2 * number + 1, b"x")].concat()
            });
            trickle(stream, [settled()].into_iter().chain(requests));
        },
    ];
    thread::scope(|scope| {
        for backend in BACKENDS {
            for way in ways {
                let folder = &folder;
                scope.spawn(move || {
                    let limits = ["--idle-timeout", "2", "--timeout", "2"];
                    let args = [&limits[..], &["--max-connections", "2"]].concat();
                    let server = serve(folder, backend, &args);
                    thread::scope(|scope| {
                        let slow = [server.connect(), server.connect()];
                        for stream in slow {
                            scope.spawn(move || way(&stream));
                        }
                        thread::sleep(Duration::from_millis(200));
                        let start = Instant::now();
                        let answer = read_all(&server.send(GET));
                        assert_eq!(Response::parse(&answer).text(), "content");
                        let waited = start.elapsed();
                        // The limit, a second to close, and a margin for a busy machine.
                        assert!(waited < Duration::from_secs(10), "{waited:?}");
                    });
                    server.stop();
                });
            }
        }
    });
}

/// EN-31: a client with a body is answered, however large the body is within the limit.
#[test]
fn bodies_in_time_are_answered() {
    let folder = folder();
    for backend in BACKENDS {
        let server = serve(&folder, backend, &["--idle-timeout", "2"]);
        let head =
            "POST /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 30\r\n\r\n";
        let mut stream = server.send(head.as_bytes());
        for _ in 0..10 {
            stream.write_all(b"abc").unwrap();
            thread::sleep(Duration::from_millis(50));
        }
        let answer = Response::parse(&read_all(&stream));
        assert_eq!(answer.status, "HTTP/1.1 405 Method Not Allowed");
        server.stop();
    }
}
