//! The program `serve`, where names are bytes, links exist, and signals stop it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod connections;
mod files;
mod stop;
#[path = "../support/mod.rs"]
mod support;

use std::fs::File;
use std::io::Read;
use std::net::TcpStream;

use self::support::service::Service;
use self::support::{Folder, SERVE};

/// The length of a file that does not fit into the buffers of a connection.
const LARGE: u64 = 64 << 20;

fn serve(folder: &Folder, backend: &str, args: &[&str]) -> Service {
    let listen = ["--backend", backend, "--listen", "127.0.0.1:0"];
    let mut command = SERVE.command(folder, listen);
    command.args(args);
    Service::start(command)
}

fn large_file(folder: &Folder, name: &str, length: u64) {
    let path = folder.file(name, "");
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
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
