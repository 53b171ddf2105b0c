//! Reading files: ahead, from memory, and up to their end: F5, F10, F12.

use std::future::poll_fn;
use std::io::{self, Seek, SeekFrom};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use anyrt_core::fs::{File, OpenOptions};
use anyrt_core::stream::{AttributesExt, FileHandle, is_incomplete_read};
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::thread::to_thread;
use futures_io::AsyncRead;

use crate::bytes::bytes;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{poll_once, run, until, yields};

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

/// F5: the end of a file is reported once, and checked again by the next read: bytes that are added to the
/// file are read.
pub fn a_growing_file_is_read_on(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "first");
    run(backend, async {
        let mut file = File::<R>::open(&path).await.unwrap();
        for expected in ["first", "second", "third"] {
            let mut read = Vec::new();
            file.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, expected.as_bytes());
            assert_eq!(file.read(&mut [0; 9]).await.unwrap(), 0);
            match expected {
                "first" => fs::append(&path, b"second").unwrap(),
                _ => fs::append(&path, b"third").unwrap(),
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
        if cfg!(target_os = "linux") {
            let mut status = String::new();
            let mut file = File::<R>::open("/proc/self/status").await.unwrap();
            file.read_to_string(&mut status).await.unwrap();
            assert!(status.contains("Threads:"));
        }
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

/// F4: what was read ahead is not visible: reads return what another operation of the file has written at an offset,
/// and what another handle has written before this one got the lock.
pub fn what_was_read_ahead_is_not_visible(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "aaaaaaaa");
    run(backend, async {
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.open(&path).await.unwrap();
        let mut byte = [0];
        let mut next = async |file: &mut File<R>| {
            file.read_exact(&mut byte).await.unwrap();
            byte[0]
        };
        assert_eq!(next(&mut file).await, b'a');
        file.write_at(b"b", 1).await.unwrap();
        assert_eq!(next(&mut file).await, b'b');
        assert_eq!(next(&mut file).await, b'a');
        fs::write(&path, "aaacaaaa").unwrap();
        file.lock().await.unwrap();
        assert_eq!(next(&mut file).await, b'c');
        assert_eq!(file.tell().await.unwrap(), 4);
    });
}

anyrt_conformance_kit::cases! { files_reading: erased [Process],
    a_file_is_read_ahead: [os_files],
    what_is_in_memory_is_read_at_once: [os_files],
    reading_from_memory_gives_way: [os_files],
    a_growing_file_is_read_on,
    a_file_is_read_in_full: [os_files],
    an_exact_read_takes_all_or_nothing,
    what_was_read_ahead_is_not_visible,
}
