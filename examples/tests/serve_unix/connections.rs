//! The limit of connections.

use std::io::{Read, Write};
use std::time::Duration;

use super::{idle_connection, serve};
use crate::support::clients::Response;
use crate::support::service::{PATIENCE, read_all};
use crate::support::{BACKENDS, Folder};

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
