//! Files as byte streams: ST-15, ST-16, C4, C6.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyrt_core::cancel::CancelScope;
use anyrt_core::runtime::Runtime;
use anyrt_core::stream::{
    AttributesExt, BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, FileHandle,
    FilePath, FileReadStream, FileWriteStream, is_closed, is_end_of_stream,
};
use anyrt_core::thread::to_thread;

use crate::cancel_everywhere::{Cut, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::support::{Flag, in_cancelled_scope, poll_once, run, until, yields};

/// A folder for files, which is removed with all its contents.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("anyrt-file-streams-{}-{number}", process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    /// Creates a file with these bytes.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}

async fn receive_all<R: Runtime>(stream: &mut FileReadStream<R>, max: usize) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        match stream.receive(max).await {
            Ok(some) => {
                assert!((1..=max).contains(&some.len()));
                received.extend(some);
            }
            Err(error) => {
                assert!(is_end_of_stream(&error), "{error}");
                return received;
            }
        }
    }
}

/// ST-15: a file is received in pieces of up to the given size, then its end; if it grows, the new bytes.
pub fn a_file_is_received_up_to_its_end(backend: &Backend) {
    let folder = Folder::new();
    let bytes = bytes(200_000);
    let path = folder.file("input", &bytes);
    run(backend, async {
        for max in [999, 64 * 1024, 1 << 20] {
            let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
            assert!(receive_all(&mut stream, max).await == bytes);
            assert!(is_end_of_stream(&stream.receive(max).await.unwrap_err()));
            let mut file = File::options().append(true).open(&path).unwrap();
            io::Write::write_all(&mut file, b"more").unwrap();
            assert_eq!(receive_all(&mut stream, max).await, b"more");
            file.set_len(200_000).unwrap();
            let error = stream.receive(0).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            stream.close().await;
        }
        let missing = FileReadStream::<R>::open(folder.0.join("missing")).await;
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
        let mut buffer = [1; 7];
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        assert_eq!(stream.receive_into(&mut buffer).await.unwrap(), 7);
        assert_eq!(buffer, bytes[..7]);
    });
}

/// ST-15: the position can be queried and moved, and is that of the next byte to be received.
pub fn the_position_in_a_file_can_be_moved(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "0123456789");
    run(backend, async {
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        assert_eq!(stream.tell().await.unwrap(), 0);
        assert_eq!(stream.receive(3).await.unwrap(), b"012");
        assert_eq!(stream.tell().await.unwrap(), 3);
        assert_eq!(stream.seek(SeekFrom::Start(7)).await.unwrap(), 7);
        assert_eq!(stream.receive(1).await.unwrap(), b"7");
        assert_eq!(stream.seek(SeekFrom::Current(-6)).await.unwrap(), 2);
        assert_eq!(stream.receive(1).await.unwrap(), b"2");
        assert_eq!(stream.seek(SeekFrom::End(-1)).await.unwrap(), 9);
        assert_eq!(receive_all(&mut stream, 5).await, b"9");
        let error = stream.seek(SeekFrom::Current(-11)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(stream.seek(SeekFrom::Current(i64::MIN)).await.is_err());
        assert_eq!(stream.tell().await.unwrap(), 10);
        assert_eq!(stream.seek(SeekFrom::Start(0)).await.unwrap(), 0);
        assert_eq!(receive_all(&mut stream, 100).await, b"0123456789");

        let mut file = File::open(&path).unwrap();
        file.seek(SeekFrom::Start(4)).unwrap();
        let mut stream = FileReadStream::<R>::from_std(file);
        assert_eq!(receive_all(&mut stream, 100).await, b"456789");
    });
}

/// ST-15, ST-16: a stream has the path and the file as attributes, through wrappers too; a file without a
/// path has none.
pub fn a_file_has_attributes(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "0123456789");
    run(backend, async {
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        assert_eq!(stream.receive(2).await.unwrap(), b"01");
        let stream = BufferedByteStream::new(stream);
        assert_eq!(stream.attribute::<FilePath>().unwrap(), path);
        let mut file = stream.attribute::<FileHandle>().unwrap();
        assert_eq!(file.metadata().unwrap().len(), 10);
        assert_eq!(file.stream_position().unwrap(), 2);
        drop(stream);
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "23456789");

        let stream = FileReadStream::<R>::from_std(file);
        assert!(stream.attribute::<FilePath>().is_err());
        let path = folder.0.join("output");
        let mut stream = FileWriteStream::<R>::create(&path).await.unwrap();
        assert_eq!(stream.attribute::<FilePath>().unwrap(), path);
        assert!(stream.attribute::<FileHandle>().unwrap().metadata().is_ok());
        stream.send_eof().await.unwrap();
        assert!(stream.attribute::<FileHandle>().is_err());
        assert_eq!(stream.attribute::<FilePath>().unwrap(), path);
    });
}

/// ST-16: a file is truncated, or appended to if the option is set; bytes that were sent are in the file,
/// at the latest after the stream was closed.
pub fn a_file_is_truncated_or_appended_to(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("output", "what was there");
    run(backend, async {
        let mut stream = FileWriteStream::<R>::create(&path).await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        stream.send(b"first").await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        stream.send(b"").await.unwrap();
        stream.send(b", second").await.unwrap();
        stream.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first, second");
        let mut stream = FileWriteStream::<R>::append(&path).await.unwrap();
        stream.send(b", third").await.unwrap();
        stream.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first, second, third");

        let path = folder.0.join("new");
        let mut stream = FileWriteStream::<R>::append(&path).await.unwrap();
        let bytes = bytes(1_000_000);
        stream.send(&bytes).await.unwrap();
        stream.close().await.unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
        let nowhere = FileWriteStream::<R>::create(folder.0.join("no/where")).await;
        assert_eq!(nowhere.unwrap_err().kind(), io::ErrorKind::NotFound);
    });
}

/// ST-16: after the end was sent, sending fails as closed, and the end can be sent again. Bytes that were
/// written without a flush are in the file.
pub fn a_closed_file_refuses_to_be_sent_to(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.0.join("output");
    run(backend, async {
        let mut stream = FileWriteStream::<R>::create(&path).await.unwrap();
        let written = std::future::poll_fn(|cx| {
            futures_io::AsyncWrite::poll_write(std::pin::Pin::new(&mut stream), cx, b"unflushed")
        });
        assert_eq!(written.await.unwrap(), 9);
        for _ in 0..3 {
            stream.send_eof().await.unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"unflushed");
            assert!(is_closed(&stream.send(b"late").await.unwrap_err()));
            assert!(is_closed(&stream.send(b"").await.unwrap_err()));
        }
        stream.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"unflushed");
    });
}

/// ST-16, F7: a failed write is reported by the operation itself, or by the next one if the operation was
/// dropped; the bytes stay, so flushing and closing report the failure, too.
pub fn a_failed_write_is_reported(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "read only");
    run(backend, async {
        let file = File::open(&path).unwrap();
        let mut stream = FileWriteStream::<R>::from_std(file);
        assert!(stream.send(b"no").await.is_err());
        assert!(stream.send(b"").await.is_err());
        assert!(stream.send(b"no").await.is_err());
        assert!(stream.send_eof().await.is_err());
        stream.close().await.expect("it is closed already");
        let mut stream = FileWriteStream::<R>::from_std(File::open(&path).unwrap());
        assert!(stream.send(b"no").await.is_err());
        assert!(stream.close().await.is_err());
        let mut stream = FileReadStream::<R>::open(&folder.0).await.unwrap();
        assert!(stream.receive(1).await.is_err(), "a folder");
    });
    assert_eq!(fs::read(&path).unwrap(), b"read only");
}

/// C4: in a cancelled scope nothing is read, written or moved, and no file is created.
pub fn file_operations_are_cancel_points(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "0123456789");
    let created = folder.0.join("created");
    run(backend, async {
        let refused = FileWriteStream::<R>::create(&created);
        assert!(in_cancelled_scope::<R, _>(refused).await.is_err());
        assert!(!created.exists());
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        assert!(in_cancelled_scope::<R, _>(stream.receive(5)).await.is_err());
        let seek = stream.seek(SeekFrom::Start(5));
        assert!(in_cancelled_scope::<R, _>(seek).await.is_err());
        assert_eq!(stream.tell().await.unwrap(), 0);
        let mut stream = FileWriteStream::<R>::append(&path).await.unwrap();
        assert!(in_cancelled_scope::<R, _>(stream.send(b"!")).await.is_err());
        assert!(in_cancelled_scope::<R, _>(stream.send_eof()).await.is_err());
        stream.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
    });
}

/// TH-14, F12: a file waits for a token of the run's limiter, and keeps none if it is not polled again.
pub fn an_unpolled_file_keeps_no_token(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("input", "0123456789");
    run(backend, async {
        let mut stream = FileReadStream::<R>::open(&path).await.unwrap();
        let limiter = to_thread::current_default_limiter().unwrap();
        let mut tokens = Vec::new();
        while let Ok(token) = limiter.try_acquire_arc() {
            tokens.push(token);
        }
        assert_eq!(tokens.len(), 40);
        assert!(
            poll_once(Box::pin(stream.receive(3)).as_mut())
                .await
                .is_pending()
        );
        assert_eq!(limiter.statistics().waiting, 1);
        drop(tokens);
        until(|| limiter.statistics().borrowed == 0).await;
        assert_eq!(receive_all(&mut stream, 3).await, b"0123456789");
        stream.close().await;
    });
}

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

anyrt_conformance_kit::cases! { file_streams: erased,
    a_file_is_received_up_to_its_end,
    the_position_in_a_file_can_be_moved,
    a_file_has_attributes,
    a_file_is_truncated_or_appended_to,
    a_closed_file_refuses_to_be_sent_to,
    a_failed_write_is_reported,
    file_operations_are_cancel_points,
    an_unpolled_file_keeps_no_token,
    a_cancelled_receive_keeps_the_position,
    a_cancelled_seek_keeps_what_was_read,
    a_cancelled_send_leaves_a_beginning,
    a_begun_read_delivers_before_the_cancellation,
}
