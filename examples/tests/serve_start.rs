//! The program `serve`: starting, and reasons not to start.

#![cfg(unix)]

mod support;

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use self::support::clients::Response;
use self::support::service::{Service, read_all};
use self::support::{BACKENDS, Folder, SERVE, text};

const ANY_PORT: &str = "127.0.0.1:0";

#[test]
fn it_listens_at_several_addresses() {
    let folder = Folder::new();
    folder.file("file", "content");
    for backend in BACKENDS {
        let args = [
            "--backend",
            backend,
            "--listen",
            ANY_PORT,
            "--listen",
            ANY_PORT,
            "-q",
            ".",
        ];
        let server = Service::start_with(SERVE.command(&folder, args), 2);
        let urls = server.urls();
        assert_ne!(urls[0], urls[1]);
        for address in [0, 1].map(|place| urls[place].trim_start_matches("http://")) {
            let mut stream = TcpStream::connect(address.trim_end_matches('/')).unwrap();
            let request = b"GET /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).unwrap();
            let response = Response::parse(&read_all(&stream));
            assert_eq!(response.text(), "content");
        }
        assert_eq!(
            server.stop(),
            "serve: stopped: every request was finished\n",
            "it is quiet"
        );
    }
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    let folder = Folder::new();
    SERVE.fails_with(&folder, [], "no DIR");
    SERVE.fails_with(&folder, [".", "."], "more than one DIR");
    SERVE.fails_with(&folder, ["--listen", "localhost", "."], "127.0.0.1:8000");
    SERVE.fails_with(&folder, ["--cert", "cert.pem", "."], "together");
    SERVE.fails_with(
        &folder,
        ["--self-signed", "--key", "key.pem", "."],
        "--self-signed",
    );
    SERVE.fails_with(&folder, ["--grace", "-1", "."], "not a length of time");
    SERVE.fails_with(&folder, ["--grace", "soon", "."], "not a number of seconds");
    SERVE.fails_with(&folder, ["--timeout", "1e19", "."], "too long");
    SERVE.fails_with(&folder, ["--timeout", "1000000001", "."], "too long");
    SERVE.fails_with(
        &folder,
        ["--max-connections", "0", "."],
        "at least 1 connection",
    );
    SERVE.fails_with(&folder, ["--fast", "."], "--fast");
    let help = SERVE.run(&folder, ["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("Usage: serve"));
}

#[test]
fn what_cannot_start_says_why() {
    let folder = Folder::new();
    folder.file("file", "no certificate");
    let taken = TcpListener::bind(ANY_PORT).unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for backend in BACKENDS {
        for (args, expected) in [
            (
                ["missing", "--quiet", "--quiet", "--quiet", "--quiet"],
                "missing: ",
            ),
            (
                ["file", "--quiet", "--quiet", "--quiet", "--quiet"],
                "file: ",
            ),
            (
                [".", "--listen", &taken, "--quiet", "--quiet"],
                &*format!("cannot listen at {taken}: "),
            ),
            ([".", "--cert", "missing", "--key", "file"], "missing: "),
            ([".", "--cert", "file", "--key", "file"], "file: "),
        ] {
            let mut command = SERVE.command(&folder, ["--backend", backend]);
            let output = command.args(args).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let errors = text(&output.stderr);
            assert!(
                errors.starts_with(&format!("serve: {expected}")),
                "{errors}"
            );
            assert_eq!(errors.lines().count(), 1, "{errors}");
        }
    }
}
