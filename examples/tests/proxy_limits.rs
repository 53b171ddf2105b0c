//! The program `proxy`: its limits, its end, and connections that cannot be forwarded.

#![cfg(unix)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use self::support::service::{Service, read_all, read_slowly};
use self::support::stage::{ANY_PORT, Stage, proxy};
use self::support::{BACKENDS, Folder, PROXY, text};

#[test]
fn more_connections_than_the_limit_have_to_wait() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &["--max-connections", "2"]);
        let (first, second) = (stage.connect(), stage.connect());
        let mut third = stage.proxy.connect();
        third.write_all(b"in time").unwrap();
        stage.target.set_nonblocking(true).unwrap();
        thread::sleep(Duration::from_millis(200));
        assert_eq!(
            stage.target.accept().unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        stage.target.set_nonblocking(false).unwrap();

        drop(first);
        let target = stage.accept();
        third.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&target), b"in time");
        drop(second);
        stage.proxy.stop();
    }
}

#[test]
fn who_is_idle_for_too_long_is_cut_off() {
    thread::scope(|scope| {
        for backend in BACKENDS {
            scope.spawn(move || {
                let stage = Stage::new(backend, &["--idle-timeout", "1"]);
                let start = Instant::now();
                let (idle, idle_target) = stage.connect();
                let (client, mut target) = stage.connect();
                // Bytes in one direction are enough.
                while start.elapsed() < Duration::from_millis(2500) {
                    target.write_all(b"x").unwrap();
                    (&client).read_exact(&mut [0; 1]).unwrap();
                    thread::sleep(Duration::from_millis(50));
                }
                let line = stage.proxy.wait_for("idle for too long");
                assert!(line.contains(": 0 bytes there, 0 bytes back, 1."), "{line}");
                assert_eq!(read_all(&idle), b"");
                assert_eq!(read_all(&idle_target), b"");
                drop((client, target));
                stage.proxy.wait_for("finished");
                stage.proxy.stop();
            });
        }
    });
}

/// Checks that a target that does not read is idle, however much the client sends, and that memory is flat.
#[test]
fn who_takes_nothing_is_cut_off() {
    for backend in BACKENDS {
        let stage = Stage::new(backend, &["--idle-timeout", "1"]);
        let before = stage.proxy.peak_memory();
        let (mut client, _target) = stage.connect();
        let error = loop {
            if let Err(error) = client.write_all(&[0; 100_000]) {
                break error;
            }
        };
        assert_ne!(error.kind(), ErrorKind::WouldBlock, "it is cut off");
        stage.proxy.wait_for("idle for too long");
        if let (Some(before), Some(after)) = (before, stage.proxy.peak_memory()) {
            assert!(after < before + 4 * 1024, "{before} KiB, then {after} KiB");
        }
        stage.proxy.stop();
    }
}

#[test]
fn who_takes_it_slowly_is_not_idle() {
    thread::scope(|scope| {
        for backend in BACKENDS {
            scope.spawn(move || {
                let stage = Stage::new(backend, &["--idle-timeout", "2"]);
                let (client, mut target) = stage.connect();
                // Until the client has closed.
                let sending =
                    thread::spawn(move || while target.write_all(&[0; 100_000]).is_ok() {});
                read_slowly(&client, Duration::from_secs(5));
                let errors = stage.proxy.errors();
                assert_eq!(errors, "", "it is still forwarded");
                drop(client);
                sending.join().unwrap();
                stage.proxy.stop();
            });
        }
    });
}

#[test]
fn who_cannot_be_reached_is_reported() {
    let closed = TcpListener::bind(ANY_PORT).unwrap().local_addr().unwrap();
    for backend in BACKENDS {
        let refusing = proxy(backend, &closed.to_string(), &[]);
        let client = refusing.connect();
        assert_eq!(read_all(&client), b"");
        let line = refusing.wait_for("not connected: ");
        assert!(line.contains("refused"), "{line}");
        let unknown = proxy(backend, "no-such-host.invalid:80", &[]);
        let client = unknown.connect();
        assert_eq!(read_all(&client), b"");
        unknown.wait_for("not connected: ");
        for proxy in [refusing, unknown] {
            proxy.stop();
        }
    }
}

/// Starts a proxy that can open few descriptors.
fn proxy_with_descriptors(limit: u32, backend: &str, to: &str) -> Service {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"])
        .args([PROXY.path(), "--backend", backend])
        .args(["--listen", ANY_PORT, "--to", to])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Service::start(command)
}

/// EN-33: with no descriptor left, clients wait until there are some again, and then each of them is
/// connected, soon; none that was accepted is dropped.
#[test]
fn clients_wait_for_descriptors() {
    const CLIENTS: usize = 100;
    thread::scope(|scope| {
        for backend in BACKENDS {
            // Targets by their address, and by a name that has to be resolved.
            for host in ["127.0.0.1", "localhost"] {
                scope.spawn(move || {
                    let target = TcpListener::bind(ANY_PORT).unwrap();
                    let port = target.local_addr().unwrap().port();
                    let proxy = proxy_with_descriptors(64, backend, &format!("{host}:{port}"));
                    let descriptors = proxy.descriptors_at_rest();
                    // The target echoes to the end.
                    thread::spawn(move || {
                        while let Ok((mut stream, _)) = target.accept() {
                            thread::spawn(move || {
                                let mut buffer = [0; 10];
                                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                                    stream.write_all(&buffer[..count]).unwrap();
                                }
                            });
                        }
                    });

                    let mut streams: Vec<_> = (0..CLIENTS).map(|_| proxy.connect()).collect();
                    for stream in &mut streams {
                        stream.write_all(b"x").unwrap();
                    }
                    proxy.wait_for("no connection can be accepted for now");
                    // Each connection that is closed makes room for another one.
                    for stream in &mut streams {
                        let start = Instant::now();
                        let echoed = stream.read_exact(&mut [0; 1]);
                        echoed.unwrap_or_else(|error| {
                            panic!("{backend}, {host}: {error}\n{}", proxy.errors())
                        });
                        stream.shutdown(Shutdown::Both).unwrap();
                        let waited = start.elapsed();
                        // Ten times the documented time: the machine may be busy.
                        assert!(waited < Duration::from_secs(10), "{waited:?}");
                    }
                    proxy.wait_for_lines(CLIENTS, ": 1 bytes there, 1 bytes back, ");
                    let errors = proxy.errors();
                    assert!(!errors.contains("not connected"), "{errors}");
                    proxy.wait_for_descriptors(descriptors);
                    proxy.stop();
                });
            }
        }
    });
}

/// Connects to an address that no machine has; the system may also report at once that it is unreachable.
#[test]
fn connecting_has_a_limit() {
    for backend in BACKENDS {
        let proxy = proxy(backend, "192.0.2.1:80", &["--connect-timeout", "0.3"]);
        let client = proxy.connect();
        assert_eq!(read_all(&client), b"");
        proxy.wait_for("not connected: ");
        proxy.stop();
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    for backend in BACKENDS {
        for signal in ["INT", "TERM"] {
            let stage = Stage::new(backend, &[]);
            let (mut client, mut target) = stage.connect();
            client.write_all(b"x").unwrap();
            target.read_exact(&mut [0; 1]).unwrap();
            stage.proxy.signal(signal);
            assert_eq!(read_all(&client), b"");
            assert_eq!(read_all(&target), b"");
            let (status, errors) = stage.proxy.ended();
            assert_eq!(status, Some(0), "{errors}");
            assert!(
                errors.contains(": 1 bytes there, 0 bytes back, "),
                "{errors}"
            );
            assert!(
                errors.ends_with(" s: stopped\nproxy: stopped\n"),
                "{errors}"
            );
        }
    }
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    let folder = Folder::new();
    PROXY.fails_with(&folder, ["--to", "host:1"], "--listen");
    PROXY.fails_with(&folder, ["--listen", ANY_PORT], "--to");
    PROXY.fails_with(
        &folder,
        ["--listen", "here", "--to", "host:1"],
        "127.0.0.1:8000",
    );
    PROXY.fails_with(
        &folder,
        ["--listen", ANY_PORT, "--to", "host"],
        "example.org:80",
    );
    PROXY.fails_with(&folder, ["--idle-timeout", "x"], "not a number of seconds");
    PROXY.fails_with(&folder, ["--idle-timeout", "1e19"], "too long");
    PROXY.fails_with(&folder, ["--max-connections", "0"], "at least 1 connection");
    PROXY.fails_with(&folder, ["stray"], "stray");
    let help = PROXY.run(&folder, ["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Usage: proxy"));
}
