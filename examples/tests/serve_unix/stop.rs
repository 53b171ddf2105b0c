//! The stop by a signal.

use std::io::Read;
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::{LARGE, idle_connection, large_file, read_until, serve};
use crate::support::clients::{curl, is_curl_there};
use crate::support::service::read_all;
use crate::support::{BACKENDS, Folder};

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
