//! Faults of wine, shown without anyrt: what `ci/windows.sh` skips under wine, and why.
//!
//! Each test fails under wine 8.0 and is expected to pass on Windows. `ci/windows.sh` checks that they fail, so that
//! a newer wine shortens the list.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;
use std::{net, thread};

use tokio::net::TcpStream;

/// Waiting until a connection can be read takes the error of the connection.
#[tokio::test]
async fn a_reset_is_an_error_of_the_read() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (far, _) = listener.accept().unwrap();
    near.try_write(b"never received").unwrap();
    thread::sleep(Duration::from_millis(50));
    let mut buffer = [0; 10];
    let blocks = near.try_read(&mut buffer).unwrap_err();
    assert_eq!(blocks.kind(), ErrorKind::WouldBlock);
    // Closing with unread bytes makes it a reset.
    drop(far);
    near.readable().await.unwrap();
    let error = near.try_read(&mut buffer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// The same without waiting: the error is there.
#[test]
fn a_reset_is_an_error_without_waiting() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.write_all(b"never received").unwrap();
    thread::sleep(Duration::from_millis(50));
    drop(far);
    let error = near.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// A lock that is released by one handle of a file can be taken, and released, by another.
#[test]
fn a_lock_can_be_released() {
    let path = std::env::temp_dir().join(format!("anyrt-wine-{}", std::process::id()));
    let open = || {
        let mut options = std::fs::File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).unwrap()
    };
    let (one, other) = (open(), open());
    one.lock().unwrap();
    assert!(other.try_lock().is_err());
    one.unlock().unwrap();
    other.lock().unwrap();
    assert!(one.try_lock_shared().is_err());
    other.unlock().unwrap();
    one.lock_shared().unwrap();
    other.try_lock_shared().unwrap();
    drop(one);
    other.unlock().unwrap();
    other.try_lock().unwrap();
    std::fs::remove_file(&path).unwrap();
}
