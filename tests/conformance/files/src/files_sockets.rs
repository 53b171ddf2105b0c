//! Files that are sockets, on Unix systems: F4, F7.

use std::io::{self, Read, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use anyrt_core::fs::File;

use crate::bytes::bytes;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::support::run;

/// F4: a pipe has no position, and `seek` is never called on it: both directions of a socket work
/// concurrently.
pub fn what_has_no_position_is_not_sought(backend: &Backend) {
    run(backend, async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut file = File::<R>::from_std(fs::File::from(OwnedFd::from(ours)));
        theirs.write_all(b"question").unwrap();
        let mut four = [0; 4];
        file.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"ques");
        file.write_all(b"answer").await.unwrap();
        file.flush().await.unwrap();
        let mut answer = [0; 6];
        theirs.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
        assert!(file.seek(SeekFrom::Start(0)).await.is_err());
        file.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"tion");
        drop(theirs);
        assert_eq!(file.read(&mut four).await.unwrap(), 0);
    });
}

/// F7: bytes that could not be written are kept in order, and written once there is room.
pub fn a_later_flush_writes_what_is_left(backend: &Backend) {
    let expected = bytes(1_500_000);
    run(backend, async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut file = File::<R>::from_std(fs::File::from(OwnedFd::from(ours)));
        let (mut accepted, mut failures, mut arrived) = (0, 0, Vec::new());
        let is_full = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
        while arrived.len() < expected.len() {
            let wrote = match accepted < expected.len() {
                true => file.write(&expected[accepted..]).await,
                false => file.flush().await.map(|()| 0),
            };
            match wrote {
                Ok(count) => accepted += count,
                Err(error) => {
                    assert!(is_full(&error), "{error}");
                    failures += 1;
                }
            }
            let mut some = [0; 5000];
            if let Ok(count) = theirs.read(&mut some) {
                arrived.extend_from_slice(&some[..count]);
            }
        }
        assert!(failures > 0);
        file.flush().await.unwrap();
        file.close().await.unwrap();
        assert!(arrived == expected);
    });
}

anyrt_conformance_kit::cases! { files_sockets: erased [Process],
    what_has_no_position_is_not_sought: [os_files],
    a_later_flush_writes_what_is_left: [os_files],
}
