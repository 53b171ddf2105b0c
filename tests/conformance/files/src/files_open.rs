//! Open files: positions, attributes, errors: FS-01, FS-03, F4, F21.

use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::{Pin, pin};

use anyrt_core::fs::{File, OpenOptions, PathError};
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, FilePath, is_closed,
};
use futures_io::{AsyncBufRead, AsyncSeek};

use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{poll_once, run};

/// FS-01: an open file reads, writes, appends and seeks; it can be closed, and is closed then.
pub fn a_file_reads_writes_and_seeks(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.clone().create_new(true).open(&path).await.unwrap();
        file.write_all(b"0123456789").await.unwrap();
        assert_eq!(file.tell().await.unwrap(), 10);
        assert_eq!(file.seek(SeekFrom::Start(3)).await.unwrap(), 3);
        let mut buffer = [0; 4];
        file.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"3456");
        assert_eq!(file.seek(SeekFrom::Current(-2)).await.unwrap(), 5);
        file.write_all(b"ab").await.unwrap();
        assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), 6);
        let mut rest = String::new();
        assert_eq!(file.read_to_string(&mut rest).await.unwrap(), 4);
        assert_eq!(rest, "b789");
        assert!(file.seek(SeekFrom::Current(-11)).await.is_err());
        assert_eq!(file.tell().await.unwrap(), 10);
        file.set_len(7).await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 7);
        file.sync_all().await.unwrap();
        file.sync_data().await.unwrap();
        file.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"01234ab");

        let mut file = OpenOptions::<R>::new()
            .append(true)
            .open(&path)
            .await
            .unwrap();
        file.write_all(b"!").await.unwrap();
        file.send_eof().await.unwrap();
        assert!(is_closed(&file.write(b"late").await.unwrap_err()));
        assert!(is_closed(&file.seek(SeekFrom::Start(0)).await.unwrap_err()));
        assert!(is_closed(&file.metadata().await.unwrap_err()));
        assert!(is_closed(&file.read(&mut buffer).await.unwrap_err()));
        file.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"01234ab!");
        let again = options.create_new(true).open(&path).await.unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    });
}

/// F4: reading ahead is not visible: writing, seeking, truncating and handing out after a read happen at
/// the position after the bytes consumed.
pub fn the_position_is_behind_what_was_consumed(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.open(&path).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        file.write_all(b"ab").await.unwrap();
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"45");
        assert_eq!(file.tell().await.unwrap(), 6);
        assert_eq!(file.seek(SeekFrom::Current(1)).await.unwrap(), 7);
        file.read_exact(&mut two[..1]).await.unwrap();
        assert_eq!(two[0], b'7');
        file.set_len(9).await.unwrap();
        let mut std = file.into_std().await.unwrap();
        assert_eq!(std.stream_position().unwrap(), 8);
        std.write_all(b"!?").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"01ab4567!?");
    });
}

/// FS-03, F4: a file of the standard library is taken over at its position, in the middle too.
pub fn a_blocking_file_is_taken_over_in_the_middle(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let mut std = fs::File::open(&path).unwrap();
        std.seek(SeekFrom::Start(4)).unwrap();
        let mut file = File::<R>::from_std(std);
        assert_eq!(file.tell().await.unwrap(), 4);
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"45");
        let mut std = file.into_std().await.unwrap();
        let mut rest = String::new();
        std.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "6789");
    });
}

/// F4: appended bytes are written at the end, wherever the position was; reading continues after them.
pub fn appending_ignores_the_position(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).append(true);
        let mut file = options.open(&path).await.unwrap();
        file.seek(SeekFrom::Start(2)).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        file.write_all(b"ab").await.unwrap();
        assert_eq!(file.tell().await.unwrap(), 12);
        assert_eq!(file.read(&mut two).await.unwrap(), 0);
        file.seek(SeekFrom::Start(9)).await.unwrap();
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"9ab");
    });
}

/// FS-01: bytes at an offset are read and written without the position.
pub fn places_are_read_and_written(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.open(&path).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(file.write_at(b"ab", 7).await.unwrap(), 2);
        assert_eq!(file.read_at(&mut two, 6).await.unwrap(), 2);
        assert_eq!(&two, b"6a");
        assert_eq!(file.tell().await.unwrap(), 2);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        file.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123456ab9");
    });
}

/// FS-01, F4: a file implements the traits of `futures::io`, and has attributes.
pub fn a_file_is_a_byte_stream(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let mut file = File::<R>::open(&path).await.unwrap();
        assert_eq!(file.attribute::<FilePath>().unwrap(), path);
        assert_eq!(file.receive(3).await.unwrap(), b"012");
        let buffered = poll_fn(|cx| Pin::new(&mut file).poll_fill_buf(cx).map_ok(<[u8]>::to_vec));
        assert_eq!(buffered.await.unwrap(), b"3456789");
        Pin::new(&mut file).consume(2);
        let seek = SeekFrom::Current(1);
        let moved = poll_fn(|cx| Pin::new(&mut file).poll_seek(cx, seek));
        assert_eq!(moved.await.unwrap(), 6);
        assert_eq!(file.receive(3).await.unwrap(), b"678");
    });
}

/// F21: errors name the operation and the path, keep their kind, and have the system's error as source.
pub fn errors_name_operation_and_path(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let missing = folder.join("missing");
        let error = File::<R>::open(&missing).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let inner = PathError::of(&error).unwrap();
        assert_eq!((inner.operation(), inner.path()), ("open", &*missing));
        assert!(inner.io_error().raw_os_error().is_some());
        let source = std::error::Error::source(inner).unwrap();
        assert!(source.downcast_ref::<io::Error>().is_some());
        let text = error.to_string();
        assert!(text.contains("open") && text.contains("missing"), "{text}");

        let mut file = File::<R>::open(folder.path()).await.unwrap();
        let error = file.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        let inner = PathError::of(&error).unwrap();
        assert_eq!((inner.operation(), inner.path()), ("read", folder.path()));
        let mut read = pin!(file.read(&mut [0; 0]));
        assert!(poll_once(read.as_mut()).await.is_ready());
    });
}

anyrt_conformance_kit::cases! { files_open: erased [Process],
    a_file_reads_writes_and_seeks,
    the_position_is_behind_what_was_consumed: [os_files],
    a_blocking_file_is_taken_over_in_the_middle: [os_files],
    appending_ignores_the_position,
    places_are_read_and_written,
    a_file_is_a_byte_stream,
    errors_name_operation_and_path: [unix_files],
}
