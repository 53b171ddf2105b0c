//! Open files: FS-01, FS-03, F4, F5, F10, F13, F14, F12.

use std::fs;
use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::cancel::move_on_after;
use anyrt_core::fs::{File, OpenOptions, PathError};
use anyrt_core::stream::{
    AttributesExt, ByteReceiveStreamExt, ByteSendStreamExt, FileHandle, FilePath, is_closed,
    is_incomplete_read,
};
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::thread::to_thread;
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek};

use crate::bytes::bytes;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::harness::start;
use crate::support::{in_cancelled_scope, poll_once, run, until, yields};

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

/// F5: a file that is read sequentially is read ahead by a call that continues while there is room, and
/// operations away from the position stay correct.
pub fn a_file_is_read_ahead(backend: &Backend) {
    const PIECE: usize = 64 << 10;
    let folder = Folder::new();
    let contents = bytes(16 * PIECE);
    let path = folder.file("file", &contents);
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.limiter(&limiter).open(&path).await.unwrap();
        let mut descriptor = file.attribute::<FileHandle>().unwrap();
        let mut buffer = vec![0; PIECE];
        for number in 0..2 {
            file.read_exact(&mut buffer).await.unwrap();
            assert!(buffer == contents[number * PIECE..(number + 1) * PIECE]);
        }
        // Calls for one piece and for two, and one ahead of the reader, of four and then of eight.
        until(|| descriptor.stream_position().unwrap() == 15 * PIECE as u64).await;
        yields(100).await;
        assert_eq!(descriptor.stream_position().unwrap(), 15 * PIECE as u64);
        until(|| limiter.statistics().borrowed == 0).await;
        assert_eq!(file.tell().await.unwrap(), 2 * PIECE as u64);
        assert_eq!(file.read_at(&mut buffer[..9], 3).await.unwrap(), 9);
        assert_eq!(buffer[..9], contents[3..12]);
        for number in 2..5 {
            file.read_exact(&mut buffer).await.unwrap();
            assert!(buffer == contents[number * PIECE..(number + 1) * PIECE]);
        }
        // It is reading ahead again, or has finished.
        file.write_all(b"here").await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(descriptor.stream_position().unwrap(), 5 * PIECE as u64 + 4);
        assert_eq!(&fs::read(&path).unwrap()[5 * PIECE..][..4], b"here");
        file.read_exact(&mut buffer).await.unwrap();
        assert!(buffer == contents[5 * PIECE + 4..][..PIECE]);
    });
}

/// F5, F12: bytes in the system's memory are read without a worker thread, where the file system supports
/// it; but a file with a limiter takes a token for the read.
pub fn what_is_in_memory_is_read_at_once(backend: &Backend) {
    const PIECE: usize = 20_000;
    let folder = Folder::new();
    let contents = bytes(50 * PIECE);
    let path = folder.file("file", &contents);
    run(backend, async {
        let limiter = to_thread::current_default_limiter().unwrap();
        let own = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().read(true);
        let mut file = options.open(&path).await.unwrap();
        let mut limited = options.limiter(&own).open(&path).await.unwrap();
        let mut buffer = vec![0; PIECE];
        file.read_exact(&mut buffer).await.unwrap();
        limited.read_exact(&mut buffer).await.unwrap();
        let mut tokens = Vec::new();
        while let Ok(token) = limiter.try_acquire_arc() {
            tokens.push(token);
        }
        tokens.push(own.acquire_arc().await);
        let mut read = PIECE;
        while read < contents.len() {
            let polled = poll_once(pin!(file.read(&mut buffer))).await;
            if let Poll::Ready(count) = polled {
                let count = count.unwrap();
                assert!(buffer[..count] == contents[read..][..count]);
                read += count;
            } else if limiter.statistics().waiting == 0 {
                // The task's budget is used up.
                yields(1).await;
            } else {
                eprintln!("this file system cannot tell what is in memory");
                break;
            }
        }
        let mut next = vec![0; PIECE];
        let mut reading = Box::pin(limited.read_exact(&mut next));
        while own.statistics().waiting == 0 {
            assert!(poll_once(reading.as_mut()).await.is_pending());
            yields(1).await;
        }
        drop(tokens);
        reading.await.unwrap();
        assert!(next == contents[PIECE..2 * PIECE]);
        // Missing bytes in memory do not mean the end of the file: the system is asked for that.
        assert_eq!(
            file.read_to_end(&mut Vec::new()).await.unwrap(),
            contents.len() - read
        );
    });
}

/// C11: a task that only reads bytes in memory yields eventually, also through the poll methods alone.
pub fn reading_from_memory_gives_way(backend: &Backend) {
    const PIECE: usize = 20_000;
    let folder = Folder::new();
    let path = folder.file("file", bytes(300 * PIECE));
    run(backend, async {
        let mut file = File::<R>::open(&path).await.unwrap();
        let mut buffer = vec![0; PIECE];
        file.read_exact(&mut buffer).await.unwrap();
        let gave_way = poll_fn(|cx| {
            let mut reads = 0..299;
            let gave_way = reads.any(|_| {
                let polled = Pin::new(&mut file).poll_read(cx, &mut buffer);
                polled.map(Result::unwrap).is_pending()
            });
            Poll::Ready(gave_way)
        });
        assert!(gave_way.await);
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

/// F4: a pipe has no position, and `seek` is never called on it: both directions of a socket work
/// concurrently.
pub fn what_has_no_position_is_not_sought(backend: &Backend) {
    run(backend, async {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
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

/// F5: the end of a file is reported once, and checked again by the next read: bytes that are added to the
/// file are read.
pub fn a_growing_file_is_read_on(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "first");
    run(backend, async {
        let mut file = File::<R>::open(&path).await.unwrap();
        let mut grown = fs::File::options().append(true).open(&path).unwrap();
        for expected in ["first", "second", "third"] {
            let mut read = Vec::new();
            file.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, expected.as_bytes());
            assert_eq!(file.read(&mut [0; 9]).await.unwrap(), 0);
            match expected {
                "first" => grown.write_all(b"second").unwrap(),
                _ => grown.write_all(b"third").unwrap(),
            }
        }
    });
}

/// F5: files are read in full, whatever their size, in pieces of any size; also one with a size that the
/// system reports as 0.
pub fn a_file_is_read_in_full(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        for size in [0, 1, 16 << 10, (16 << 10) + 1, 3_000_000] {
            let expected = bytes(size);
            let path = folder.file("file", &expected);
            for piece in [1 << 10, 100_000, 1 << 20] {
                let mut file = File::<R>::open(&path).await.unwrap();
                let (mut read, mut buffer) = (Vec::new(), vec![0; piece]);
                loop {
                    match file.read(&mut buffer).await.unwrap() {
                        0 => break,
                        count => read.extend_from_slice(&buffer[..count]),
                    }
                }
                assert!(read == expected, "{size} by {piece}");
            }
        }
        let mut status = String::new();
        let mut file = File::<R>::open("/proc/self/status").await.unwrap();
        file.read_to_string(&mut status).await.unwrap();
        assert!(status.contains("Threads:"));
    });
}

/// F10: if fewer bytes are left, the error has their number, and they stay to be read; so do the bytes of a
/// read that is dropped.
pub fn an_exact_read_takes_all_or_nothing(backend: &Backend) {
    let folder = Folder::new();
    let expected = bytes(1_200_000);
    let path = folder.file("file", &expected);
    run(backend, async {
        let mut file = File::<R>::open(&path).await.unwrap();
        file.seek(SeekFrom::End(-5)).await.unwrap();
        let error = file.read_exact(&mut [0; 6]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(is_incomplete_read(&error), "{error}");
        assert_eq!(file.tell().await.unwrap(), 1_199_995);
        let mut five = [0; 5];
        file.read_exact(&mut five).await.unwrap();
        assert_eq!(five, expected[1_199_995..]);

        // Dropped after each number of polls, it has consumed nothing.
        for polls in 0.. {
            let mut file = File::<R>::open(&path).await.unwrap();
            file.read_exact(&mut five).await.unwrap();
            let mut buffer = vec![0; 1_100_000];
            let mut done = false;
            {
                let mut read = Box::pin(file.read_exact(&mut buffer));
                for _ in 0..polls {
                    if poll_once(read.as_mut()).await.is_ready() {
                        done = true;
                        break;
                    }
                    crate::support::yields(1).await;
                    std::thread::yield_now();
                }
            }
            if done {
                break;
            }
            assert_eq!(file.tell().await.unwrap(), 5);
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).await.unwrap();
            assert!(rest == expected[5..], "after {polls} polls");
        }
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

/// FS-01, F3: the result of a `poll_seek` that was dropped is not returned to another one.
pub fn a_dropped_seek_does_not_answer_another(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().read(true).limiter(&limiter);
        let mut file = options.open(&path).await.unwrap();
        for (dropped, next) in [(9, 2), (1, 8)] {
            let token = limiter.acquire_arc().await;
            let seek = |file: &mut File<R>, cx: &mut std::task::Context<'_>, to| {
                Pin::new(file).poll_seek(cx, SeekFrom::Start(to))
            };
            let mut first = Box::pin(poll_fn(|cx| seek(&mut file, cx, dropped)));
            assert!(poll_once(first.as_mut()).await.is_pending());
            drop((first, token));
            let moved = poll_fn(|cx| seek(&mut file, cx, next)).await;
            assert_eq!(moved.unwrap(), next);
            assert_eq!(file.tell().await.unwrap(), next);
        }
    });
}

/// C4: in a cancelled scope no operation begins; F9: except closing.
pub fn operations_on_files_are_cancel_points(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.open(&path).await.unwrap();
        let mut two = [0; 2];
        assert!(
            in_cancelled_scope::<R, _>(file.read(&mut two))
                .await
                .is_err()
        );
        assert!(in_cancelled_scope::<R, _>(file.write(b"no")).await.is_err());
        let seek = file.seek(SeekFrom::Start(5));
        assert!(in_cancelled_scope::<R, _>(seek).await.is_err());
        assert!(in_cancelled_scope::<R, _>(file.set_len(0)).await.is_err());
        let created = folder.join("created");
        let create = File::<R>::create(&created);
        assert!(in_cancelled_scope::<R, _>(create).await.is_err());
        assert!(!created.exists());
        assert_eq!(file.tell().await.unwrap(), 0);
        file.write_all(b"ab").await.unwrap();
        let closed = in_cancelled_scope::<R, _>(file.close()).await;
        closed.expect("closing is no cancel point").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"ab23456789");
    });
}

/// F13: a lock is waited for until the other handle releases it; shared locks can be held together.
pub fn locks_are_waited_for(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut one = options.open(&path).await.unwrap();
        let mut other = options.open(&path).await.unwrap();
        one.lock().await.unwrap();
        assert!(!other.try_lock().await.unwrap());
        let waits = move_on_after::<R, _>(std::time::Duration::from_millis(20), other.lock());
        assert!(waits.await.is_none());
        let (locked, ()) = futures_util::future::join(other.lock(), async {
            one.unlock().await.unwrap();
        })
        .await;
        locked.unwrap();
        assert!(!one.try_lock_shared().await.unwrap());
        other.unlock().await.unwrap();
        one.lock_shared().await.unwrap();
        assert!(other.try_lock_shared().await.unwrap());
        drop(one);
        other.unlock().await.unwrap();
        assert!(other.try_lock().await.unwrap());
    });
}

/// F14: opening a FIFO without another end is abandoned on cancellation, if the options allow it.
pub fn an_abandoned_fifo_releases_its_caller(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("fifo");
    let mut make = start(Command::new("mkfifo").arg(&path)).unwrap();
    assert!(make.wait().unwrap().success());
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).abandon_on_cancel(true);
        let opening = options.open(&path);
        let limit = std::time::Duration::from_millis(20);
        assert!(move_on_after::<R, _>(limit, opening).await.is_none());
    });
    // Lets the thread end; it closes the file that it has opened.
    let mut other = fs::File::options().write(true).open(&path).unwrap();
    while other.write(b"x").is_ok() {
        std::thread::yield_now();
    }
}

/// F12: a token that is granted to a file that is not polled starts the job, and is returned: a thousand
/// files with two tokens make progress, though every other one is not polled again.
pub fn unpolled_files_keep_no_token(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(2));
        let options = OpenOptions::<R>::new().read(true).limiter(&limiter);
        let mut files = Vec::new();
        for _ in 0..1000 {
            files.push(options.open(&path).await.unwrap());
        }
        let held = [limiter.acquire_arc().await, limiter.acquire_arc().await];
        let mut buffers = vec![[0; 10]; 1000];
        {
            let mut reads: Vec<_> = files
                .iter_mut()
                .zip(&mut buffers)
                .map(|(file, buffer)| Box::pin(file.read(buffer)))
                .collect();
            for read in &mut reads {
                while limiter.statistics().waiting < 900 {
                    // The task's budget may be used up.
                    let waiting = limiter.statistics().waiting;
                    assert!(poll_once(read.as_mut()).await.is_pending());
                    if limiter.statistics().waiting > waiting {
                        break;
                    }
                    crate::support::yields(1).await;
                }
            }
            assert_eq!(limiter.statistics().waiting, 900);
            drop(held);
            for (number, read) in reads.into_iter().enumerate() {
                if number % 2 == 1 {
                    assert_eq!(read.await.unwrap(), 10);
                }
            }
        }
        // The bytes that the other files have read stay with them.
        for file in files.iter_mut().step_by(2).take(10) {
            let mut buffer = [0; 10];
            let count = file.read(&mut buffer).await.unwrap();
            assert!(count == 10 && &buffer == b"0123456789");
        }
        crate::support::until(|| limiter.statistics().borrowed == 0).await;
    });
}

/// F21: errors name the operation and the path, keep their kind, and have the system's error as source.
pub fn errors_name_operation_and_path(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let missing = folder.join("missing");
        let error = File::<R>::open(&missing).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let inner = error
            .get_ref()
            .unwrap()
            .downcast_ref::<PathError>()
            .unwrap();
        assert_eq!((inner.operation(), inner.path()), ("open", &*missing));
        assert!(inner.io_error().raw_os_error().is_some());
        let source = std::error::Error::source(inner).unwrap();
        assert!(source.downcast_ref::<io::Error>().is_some());
        let text = error.to_string();
        assert!(text.contains("open") && text.contains("missing"), "{text}");

        let mut file = File::<R>::open(folder.path()).await.unwrap();
        let error = file.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        let inner = error
            .get_ref()
            .unwrap()
            .downcast_ref::<PathError>()
            .unwrap();
        assert_eq!((inner.operation(), inner.path()), ("read", folder.path()));
        let mut read = pin!(file.read(&mut [0; 0]));
        assert!(poll_once(read.as_mut()).await.is_ready());
    });
}

anyrt_conformance_kit::cases! { files_open: erased [Process],
    a_file_reads_writes_and_seeks,
    the_position_is_behind_what_was_consumed,
    a_file_is_read_ahead,
    what_is_in_memory_is_read_at_once,
    reading_from_memory_gives_way,
    a_blocking_file_is_taken_over_in_the_middle,
    appending_ignores_the_position,
    what_has_no_position_is_not_sought,
    a_growing_file_is_read_on,
    a_file_is_read_in_full,
    an_exact_read_takes_all_or_nothing,
    places_are_read_and_written,
    a_file_is_a_byte_stream,
    a_dropped_seek_does_not_answer_another,
    operations_on_files_are_cancel_points,
    locks_are_waited_for,
    an_abandoned_fifo_releases_its_caller,
    unpolled_files_keep_no_token,
    errors_name_operation_and_path,
}
