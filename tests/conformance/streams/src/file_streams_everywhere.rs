//! Operations on files, cancelled at each of their polls: ST-15, ST-16, C4, C6.

use std::fs;
use std::io::SeekFrom;
use std::path::Path;

use anyrt_core::cancel::CancelScope;
use anyrt_core::stream::{
    ByteReceiveStreamExt, ByteSendStreamExt, FileReadStream, FileWriteStream,
};

use crate::cancel_everywhere::{Cut, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::file_streams_support::{Folder, bytes, receive_all};
use crate::support::{Flag, poll_once, run, yields};

/// ST-15, C4, C6: wherever receiving from a file and seeking in it is cancelled, no byte is lost,
/// and the position is right.
pub fn a_cancelled_receive_keeps_the_position(backend: &Backend) {
    let folder = Folder::new();
    let expected: Vec<u8> = (0..20).collect();
    let path = folder.file("input", &expected);
    cancel_everywhere(
        backend,
        async |cut| {
            let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
            let mut received = Vec::new();
            let receive = async {
                for max in [5, 3] {
                    received.extend(stream.receive(max).await.unwrap());
                }
            };
            cut.apply(receive).await;
            assert_eq!(stream.tell().await.unwrap(), received.len() as u64);
            received.extend(stream.receive(2).await.unwrap());
            assert_eq!(stream.tell().await.unwrap(), received.len() as u64);
            received.extend(receive_all(&mut stream, 4).await);
            assert_eq!(received, expected);
        },
        |_, ()| {},
    );
    cancel_everywhere(
        backend,
        async |cut| {
            let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
            let moved = cut.apply(stream.seek(SeekFrom::Start(12))).await.is_some();
            let next = usize::from(stream.receive(1).await.unwrap()[0]);
            assert!(next == 12 || next == 0 && !moved);
            assert_eq!(stream.tell().await.unwrap(), next as u64 + 1);
            assert_eq!(receive_all(&mut stream, 4).await, expected[next + 1..]);
        },
        |_, ()| {},
    );
}

/// ST-15, C4: if querying or moving the position is cancelled at any poll while bytes were read and not
/// received, these are received next, or those at the new position.
pub fn a_cancelled_seek_keeps_what_was_read(backend: &Backend) {
    let folder = Folder::new();
    let expected: Vec<u8> = (0..100).collect();
    let path = folder.file("input", &expected);
    for to in [None, Some(50)] {
        cancel_everywhere(
            backend,
            async |cut| {
                let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
                let too_much = poll_once(Box::pin(stream.receive(30)).as_mut()).await;
                let mut next = if too_much.is_ready() { 30 } else { 0 };
                let received = stream.receive(10).await.unwrap();
                assert_eq!(received, expected[next..next + 10]);
                next += 10;
                let told = match to {
                    None => cut.apply(stream.tell()).await,
                    Some(place) => cut.apply(stream.seek(SeekFrom::Start(place))).await,
                };
                let moved = to.map_or(next, |place| usize::try_from(place).unwrap());
                if let Some(place) = told {
                    assert_eq!(place.unwrap(), moved as u64);
                    next = moved;
                }
                let received = stream.receive(10).await.unwrap();
                let begin = usize::from(received[0]);
                assert!(begin == next || begin == moved);
                assert_eq!(received, expected[begin..begin + received.len()]);
                let rest = receive_all(&mut stream, 15).await;
                assert_eq!(rest, expected[begin + received.len()..]);
            },
            |_, ()| {},
        );
    }
}

/// ST-16, C4, C6: wherever sending is cancelled, the file has a prefix of the bytes that were sent. Nothing
/// writes any more when the scope has ended, and bytes that are sent later follow.
pub fn a_cancelled_send_leaves_a_beginning(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.0.join("output");
    let bytes = bytes(200_000);
    cancel_everywhere(
        backend,
        async |cut| cut_send(cut, &path, &bytes).await,
        |_, ()| {},
    );
}

async fn cut_send(cut: &Cut<R>, path: &Path, bytes: &[u8]) {
    let mut stream = FileWriteStream::<R>::create(path).await.unwrap();
    let complete = cut.apply(stream.send(bytes)).await.is_some();
    let there = fs::read(path).unwrap();
    if cut.way().is_orderly() {
        assert!(bytes.starts_with(&there));
        yields(10).await;
        let still = fs::read(path).unwrap().len();
        assert_eq!(still, there.len(), "nothing is written after the scope");
    }
    stream.send(b"end").await.unwrap();
    stream.close().await.unwrap();
    let written = fs::read(path).unwrap();
    let sent = written.len() - 3;
    assert!(written[..sent] == bytes[..sent] && written.ends_with(b"end"));
    assert!(sent >= there.len());
    assert!(!complete || sent == bytes.len());
}

/// C6: a scope that is cancelled while a file is read ends after that, with the bytes.
pub fn a_begun_read_delivers_before_the_cancellation(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "0123456789");
    run(backend, async {
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let received = Flag::new();
        let told = received.clone();
        let outcome = scope.run(async {
            let mut receive = Box::pin(stream.receive(4));
            if poll_once(receive.as_mut()).await.is_pending() {
                handle.cancel();
                assert_eq!(receive.await.unwrap(), b"0123");
                told.raise();
            }
        });
        let interrupted = outcome.await.is_err();
        assert!(received.is_raised() || !interrupted);
        let next = stream.receive(10).await.unwrap();
        assert_eq!(next, b"456789");
    });
}

anyrt_conformance_kit::cases! { file_streams_everywhere: erased needs [os_files],
    a_cancelled_receive_keeps_the_position,
    a_cancelled_seek_keeps_what_was_read,
    a_cancelled_send_leaves_a_beginning,
    a_begun_read_delivers_before_the_cancellation,
}
