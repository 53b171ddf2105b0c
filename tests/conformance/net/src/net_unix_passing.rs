//! Descriptors that are passed through Unix sockets.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net as system;

use anyrt_core::net::{Unix, UnixListener, UnixStream};
use anyrt_core::runtime::{Net, SocketOption};
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, is_broken, is_closed, is_end_of_stream,
};
use anyrt_core::task::task_group;
use rustix::io::FdFlags;

use super::net_tools::connected;
use crate::cancel_everywhere::cancel_everywhere;
use crate::erased::{OsBackend, OsR};
use crate::folder::Folder;
use crate::support::{in_cancelled_scope, run, until, yields};

async fn pair<R: Net>() -> (UnixStream<R>, UnixStream<R>) {
    let folder = Folder::new();
    let listener = UnixListener::<R>::bind(folder.join("s")).unwrap();
    connected::<R, Unix>(&listener).await
}

/// Returns a descriptor, and a socket that shows whether all duplicates of it are closed.
fn watched() -> (OwnedFd, system::UnixStream) {
    let (one, other) = system::UnixStream::pair().unwrap();
    (one.into(), other)
}

/// Returns whether all duplicates of the descriptor are closed.
fn is_gone(mut watcher: &system::UnixStream) -> bool {
    watcher.set_nonblocking(true).unwrap();
    match watcher.read(&mut [0]) {
        Ok(0) => true,
        Ok(_) => panic!("nobody wrote"),
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            false
        }
    }
}

/// Waits until all duplicates of the descriptor are closed.
async fn gone(watcher: &system::UnixStream) {
    until(|| is_gone(watcher)).await;
}

/// NET-26: descriptors arrive with their message, and can be used.
pub fn descriptors_travel_with_a_message(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, mut one_other) = watched();
        let (two, mut two_other) = watched();
        sender
            .send_descriptors(b"two of them", &[one.as_fd(), two.as_fd()])
            .await
            .unwrap();
        drop((one, two));
        let (bytes, received) = receiver.receive_descriptors(100, 2).await.unwrap();
        assert_eq!(bytes, b"two of them");
        let mut received = received.into_iter().map(system::UnixStream::from);
        let mut one = received.next().unwrap();
        let mut two = received.next().unwrap();
        assert!(received.next().is_none());
        one.write_all(b"1").unwrap();
        two.write_all(b"2").unwrap();
        let mut byte = [0];
        one_other.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"1");
        two_other.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"2");
        drop((one, two));
        gone(&one_other).await;
        gone(&two_other).await;
    });
}

/// NET-26, ST-01: a plain receive stops at descriptors, and the next one continues after them.
pub fn what_follows_descriptors_is_received(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, _watcher) = watched();
        sender
            .send_descriptors(b"with", &[one.as_fd()])
            .await
            .unwrap();
        sender.send(b"after").await.unwrap();
        assert_eq!(receiver.receive(100).await.unwrap(), b"with");
        assert_eq!(receiver.receive(100).await.unwrap(), b"after");
    });
}

/// NET-26: received descriptors are not inherited by programs that are started later. The case starts no
/// program: until the program's own code runs, it would have the descriptors of all other cases, which rely
/// on closed descriptors being closed.
pub fn received_descriptors_are_not_inherited(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, _watcher) = watched();
        let (two, _watcher) = watched();
        sender
            .send_descriptors(b"x", &[one.as_fd(), two.as_fd()])
            .await
            .unwrap();
        let (_, received) = receiver.receive_descriptors(1, 2).await.unwrap();
        assert_eq!(received.len(), 2);
        for descriptor in received {
            let flags = rustix::io::fcntl_getfd(descriptor).unwrap();
            assert!(flags.contains(FdFlags::CLOEXEC));
        }
    });
}

/// NET-26: no bytes, no descriptors, too many of them, and limits of zero are refused.
pub fn empty_messages_and_limits_are_refused(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, _watcher) = watched();
        let many: Vec<BorrowedFd<'_>> = vec![one.as_fd(); 254];
        for (bytes, descriptors) in [(&b""[..], &many[..1]), (b"x", &[]), (b"x", &many)] {
            let sent = sender.send_descriptors(bytes, descriptors).await;
            assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        sender.send_descriptors(b"x", &many[..253]).await.unwrap();
        for (bytes, descriptors) in [(0, 1), (1, 0)] {
            let received = receiver.receive_descriptors(bytes, descriptors).await;
            assert_eq!(received.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        let (bytes, descriptors) = receiver.receive_descriptors(10, 1000).await.unwrap();
        assert_eq!((&*bytes, descriptors.len()), (&b"x"[..], 253));
    });
}

/// NET-26: descriptors beyond the limit, and descriptors of bytes that are received without them, are
/// closed.
pub fn unwanted_descriptors_are_closed(backend: &OsBackend) {
    run(backend, async {
        for limit in 1..=4 {
            let (mut sender, mut receiver) = pair::<OsR>().await;
            let (descriptors, watchers): (Vec<_>, Vec<_>) = (0..5).map(|_| watched()).unzip();
            let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
            sender.send_descriptors(b"five", &borrowed).await.unwrap();
            drop(descriptors);
            let (_, received) = receiver.receive_descriptors(10, limit).await.unwrap();
            assert_eq!(received.len(), limit);
            for (index, watcher) in watchers.iter().enumerate() {
                if index < limit {
                    assert!(!is_gone(watcher), "{index} of {limit}");
                } else {
                    gone(watcher).await;
                }
            }
        }
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, watcher) = watched();
        sender.send_descriptors(b"x", &[one.as_fd()]).await.unwrap();
        drop(one);
        assert_eq!(receiver.receive(10).await.unwrap(), b"x");
        gone(&watcher).await;
    });
}

/// NET-26: a message may arrive in parts: the descriptors are with the first, and no byte is missing.
pub fn a_long_message_is_sent_whole(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        sender.set_option(SocketOption::SendBuffer(4096)).unwrap();
        let bytes: Vec<u8> = (0..1 << 20).map(|index| (index % 251) as u8).collect();
        let (one, watcher) = watched();
        let group = task_group::<OsR, Infallible, _, _>(async |tg| {
            let message = bytes.clone();
            tg.spawn(async move {
                sender
                    .send_descriptors(&message, &[one.as_fd()])
                    .await
                    .unwrap();
            });
            let (mut received, descriptors) = receiver.receive_descriptors(99, 3).await.unwrap();
            assert_eq!(descriptors.len(), 1);
            while let Ok((more, none)) = receiver.receive_descriptors(1 << 16, 1).await {
                received.extend(more);
                assert!(none.is_empty());
            }
            assert!(received == bytes);
            Ok(())
        });
        group.await.unwrap();
        gone(&watcher).await;
    });
}

/// NET-26: ends and errors are the same as without descriptors.
pub fn passing_ends_as_bytes_do(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, _watcher) = watched();
        sender.send(b"bytes").await.unwrap();
        let (bytes, none) = receiver.receive_descriptors(10, 1).await.unwrap();
        assert_eq!((&*bytes, none.len()), (&b"bytes"[..], 0));
        sender.send_eof().await.unwrap();
        let error = receiver.receive_descriptors(10, 1).await.unwrap_err();
        assert!(is_end_of_stream(&error), "{error}");
        let error = sender
            .send_descriptors(b"x", &[one.as_fd()])
            .await
            .unwrap_err();
        assert!(is_closed(&error), "{error}");
        drop(sender);
        let error = receiver
            .send_descriptors(b"x", &[one.as_fd()])
            .await
            .unwrap_err();
        assert!(is_broken(&error), "{error}");
    });
}

/// C4, NET-26: both are cancel points, and have no effect when cancelled.
pub fn passing_is_a_cancel_point(backend: &OsBackend) {
    run(backend, async {
        let (mut sender, mut receiver) = pair::<OsR>().await;
        let (one, _watcher) = watched();
        in_cancelled_scope::<OsR, _>(sender.send_descriptors(b"no", &[one.as_fd()]))
            .await
            .unwrap_err();
        sender
            .send_descriptors(b"yes", &[one.as_fd()])
            .await
            .unwrap();
        in_cancelled_scope::<OsR, _>(receiver.receive_descriptors(10, 1))
            .await
            .unwrap_err();
        let (bytes, descriptors) = receiver.receive_descriptors(10, 1).await.unwrap();
        assert_eq!((&*bytes, descriptors.len()), (&b"yes"[..], 1));
    });
}

/// C4, NET-26: wherever receiving is cancelled, the descriptor is delivered or received next, and none
/// is left open.
pub fn no_descriptor_is_lost_wherever_receiving_is_cancelled(backend: &OsBackend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let (mut sender, mut receiver) = pair::<OsR>().await;
            let (one, watcher) = watched();
            let group = task_group::<OsR, Infallible, _, _>(async |tg| {
                let sending = tg.spawn(async move {
                    yields(3).await;
                    sender
                        .send_descriptors(b"here", &[one.as_fd()])
                        .await
                        .unwrap();
                    Ok(sender)
                });
                let (bytes, descriptors) = match cut.apply(receiver.receive_descriptors(9, 1)).await
                {
                    Some(received) => received.unwrap(),
                    None => receiver.receive_descriptors(9, 1).await.unwrap(),
                };
                drop(sending.value().await);
                assert_eq!((&*bytes, descriptors.len()), (&b"here"[..], 1));
                assert!(!is_gone(&watcher));
                drop(descriptors);
                gone(&watcher).await;
                Ok(())
            });
            group.await.unwrap();
        },
        |_, ()| (),
    );
}

anyrt_conformance_kit::cases! { net_unix_passing: descriptors [Sockets],
    descriptors_travel_with_a_message,
    what_follows_descriptors_is_received,
    received_descriptors_are_not_inherited,
    empty_messages_and_limits_are_refused,
    unwanted_descriptors_are_closed,
    a_long_message_is_sent_whole,
    passing_ends_as_bytes_do,
    passing_is_a_cancel_point,
    no_descriptor_is_lost_wherever_receiving_is_cancelled,
}
