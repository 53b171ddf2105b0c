//! Files as byte streams: ST-15, ST-16, C4.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};

use anyrt_core::stream::{
    AttributesExt, BufferedByteStream, ByteReceiveStreamExt, ByteSendStreamExt, FileHandle,
    FilePath, FileReadStream, FileWriteStream, is_closed, is_end_of_stream,
};
use anyrt_core::thread::to_thread;

use crate::erased::{Backend, R};
use crate::file_streams_support::{Folder, bytes, receive_all};
use crate::support::{in_cancelled_scope, poll_once, run, until};

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
        // Windows does not open a folder as a file.
        if let Ok(mut stream) = FileReadStream::<R>::open(&folder.0).await {
            assert!(stream.receive(1).await.is_err(), "a folder");
        }
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

anyrt_conformance_kit::cases! { file_streams: erased needs [os_files],
    a_file_is_received_up_to_its_end,
    the_position_in_a_file_can_be_moved,
    a_file_has_attributes,
    a_file_is_truncated_or_appended_to,
    a_closed_file_refuses_to_be_sent_to,
    a_failed_write_is_reported,
    file_operations_are_cancel_points,
    an_unpolled_file_keeps_no_token,
}
