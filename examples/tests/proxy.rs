//! The program `proxy`, between clients and servers.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Instant;

use self::support::clients::{is_curl_there, request};
use self::support::service::{Service, read_all};
use self::support::stage::{ANY_PORT, Stage, proxy};
use self::support::{BACKENDS, Folder, SERVE, is_long};

/// Bytes with a period so long that a lost or moved part is noticed.
struct Content {
    block: Vec<u8>,
    at: usize,
}

impl Content {
    fn new(seed: u64) -> Content {
        let mut number = seed;
        let block = (0..1_000_003).map(|_| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (number >> 56) as u8
        });
        Content {
            block: block.collect(),
            at: 0,
        }
    }

    /// Returns the next bytes, at most `most`.
    fn next(&mut self, most: u64) -> &[u8] {
        let rest = &self.block[self.at..];
        let length = rest.len().min(usize::try_from(most).unwrap());
        self.at = (self.at + length) % self.block.len();
        &rest[..length]
    }
}

/// Sends `length` bytes and the end, and returns their hash.
fn send_all(mut stream: &TcpStream, seed: u64, length: u64) -> u64 {
    let (mut content, mut hash) = (Content::new(seed), DefaultHasher::new());
    let mut rest = length;
    while rest > 0 {
        let bytes = content.next(rest.min(100_000));
        stream.write_all(bytes).unwrap();
        hash.write(bytes);
        rest -= bytes.len() as u64;
    }
    stream.shutdown(Shutdown::Write).unwrap();
    hash.finish()
}

/// Receives up to the end, and returns the length and the hash.
fn receive_all(mut stream: &TcpStream) -> (u64, u64) {
    let (mut length, mut hash) = (0, DefaultHasher::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return (length, hash.finish()),
            read => {
                length += read as u64;
                hash.write(&buffer[..read]);
            }
        }
    }
}

#[test]
fn every_byte_is_carried_both_ways_at_once() {
    let length: u64 = if is_long() { 1 << 30 } else { 64 << 20 };
    for backend in BACKENDS {
        let stage = Stage::new(backend, &[]);
        let before = stage.proxy.peak_memory();
        let (client, target) = stage.connect();
        let start = Instant::now();
        thread::scope(|scope| {
            let there = scope.spawn(|| send_all(&client, 1, length));
            let back = scope.spawn(|| send_all(&target, 2, length));
            let received = scope.spawn(|| receive_all(&client));
            assert_eq!(receive_all(&target), (length, there.join().unwrap()));
            assert_eq!(received.join().unwrap(), (length, back.join().unwrap()));
        });
        let line = stage.proxy.wait_for("finished");
        let counts = format!(": {length} bytes there, {length} bytes back, ");
        assert!(line.contains(&counts), "{line}");
        if let (Some(before), Some(after)) = (before, stage.proxy.peak_memory()) {
            eprintln!(
                "{backend}: {before} KiB, then {after} KiB; {:?}",
                start.elapsed()
            );
            assert!(after < before + 4 * 1024, "{before} KiB, then {after} KiB");
        }
        stage.proxy.stop();
    }
}

#[test]
fn each_side_ends_by_itself() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &[]);
        for client_first in [true, false] {
            let (client, target) = stage.connect();
            let (mut first, mut last) = match client_first {
                true => (&client, &target),
                false => (&target, &client),
            };
            first.write_all(b"question").unwrap();
            first.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_all(last), b"question", "and the end");
            for part in [&b"an "[..], b"answer"] {
                last.write_all(part).unwrap();
                let mut buffer = [0; 6];
                first.read_exact(&mut buffer[..part.len()]).unwrap();
                assert_eq!(&buffer[..part.len()], part);
            }
            last.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_all(first), b"");
            let counts = match client_first {
                true => ": 8 bytes there, 9 bytes back, ",
                false => ": 9 bytes there, 8 bytes back, ",
            };
            let line = stage.proxy.wait_for(counts);
            let (remote, local) = (client.local_addr().unwrap(), stage.proxy.address());
            assert!(
                line.starts_with(&format!("proxy: {remote} at {local}: ")),
                "{line}"
            );
            assert!(line.ends_with(" s: finished"), "{line}");
        }
        stage.proxy.stop();
    }
}

#[test]
fn a_reset_ends_both_sides() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &[]);
        for (side, reset_client) in [("client", true), ("target", false)] {
            let (client, target) = stage.connect();
            let (mut resets, mut other) = match reset_client {
                true => (client, target),
                false => (target, client),
            };
            // Closing with unread bytes makes it a reset.
            other.write_all(&[1; 1000]).unwrap();
            resets.read_exact(&mut [0; 1]).unwrap();
            drop(resets);
            assert_eq!(read_all(&other), b"");
            let line = stage.proxy.wait_for(&format!(": {side}: "));
            assert!(line.contains("reset"), "{line}");
        }
        stage.proxy.stop();
    }
}

/// Checks that an answer arrives when the target closes without reading most of the client's request.
#[test]
fn an_early_answer_arrives() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &[]);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..60 {
                    let mut target = stage.accept();
                    target.read_exact(&mut [0; 100]).unwrap();
                    target.write_all(&[round; 1000]).unwrap();
                }
            });
            for round in 0..60 {
                let mut client = stage.proxy.connect();
                // The client does not read before it has sent everything.
                client.write_all(&[0; 2 << 20]).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).unwrap();
                assert!(answer == [round; 1000], "{} bytes", answer.len());
            }
        });
        let line = stage.proxy.wait_for_lines(60, ", 1000 bytes back, ");
        assert!(line.contains(" s: target: "), "{line}");
        stage.proxy.stop();
    }
}

#[test]
fn many_connections_leave_nothing_behind() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &[]);
        let descriptors = stage.proxy.descriptors_at_rest();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..200 {
                    let target = stage.accept();
                    scope.spawn(move || (&target).write_all(&read_all(&target)).unwrap());
                }
            });
            for number in 0..4_u8 {
                let proxy = &stage.proxy;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let client = proxy.connect();
                        (&client).write_all(&[number; 1000]).unwrap();
                        client.shutdown(Shutdown::Write).unwrap();
                        assert_eq!(read_all(&client), [number; 1000]);
                    }
                });
            }
        });
        stage.proxy.wait_for_lines(200, " s: finished");
        stage.proxy.wait_for_descriptors(descriptors);
        stage.proxy.stop();
    }
}

#[test]
fn both_programs_together() {
    if !is_curl_there() {
        return;
    }
    let folder = Folder::new();
    folder.file("file", "content");
    for backend in BACKENDS {
        let args = [
            "--backend",
            backend,
            "--listen",
            ANY_PORT,
            "--self-signed",
            ".",
        ];
        let server = Service::start(SERVE.command(&folder, args));
        let proxy = proxy(backend, &server.address().to_string(), &[]);
        let url = format!("https://{}/file", proxy.address());
        assert_eq!(request(&["--insecure", "--http2", &url]).text(), "content");
        proxy.stop();
        server.stop();
    }
}
