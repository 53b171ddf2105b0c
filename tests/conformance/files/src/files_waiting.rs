//! Operations on files that wait, are cancelled or are dropped: C4, F3, F12, F13, F14.

use std::future::poll_fn;
use std::io::{SeekFrom, Write};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;

use anyrt_core::cancel::move_on_after;
use anyrt_core::fs::{File, OpenOptions};
use anyrt_core::sync::CapacityLimiter;
use futures_io::AsyncSeek;

use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::harness::start;
use crate::support::{in_cancelled_scope, poll_once, run};

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
        assert!(!fs::exists(&created));
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

anyrt_conformance_kit::cases! { files_waiting: erased [Process],
    a_dropped_seek_does_not_answer_another,
    operations_on_files_are_cancel_points,
    locks_are_waited_for,
    an_abandoned_fifo_releases_its_caller: [os_files, unix_files],
    unpolled_files_keep_no_token,
}
