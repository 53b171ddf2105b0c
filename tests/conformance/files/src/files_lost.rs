//! Accepted bytes are not lost: F6, F7, F8.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::CancelScope;
use anyrt_core::fs::{File, OpenOptions};
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::time::now;

use crate::bytes::bytes;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{Flag, forever, in_cancelled_scope, run};

/// F6: small writes are gathered while a hop runs, and are written in order.
pub fn small_writes_come_out_in_order(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    let expected = bytes(400_000);
    run(backend, async {
        let mut file = File::<R>::create(&path).await.unwrap();
        for piece in expected.chunks(37) {
            file.write_all(piece).await.unwrap();
        }
        file.flush().await.unwrap();
        assert!(fs::read(&path).unwrap() == expected);
        file.write_all(&bytes(2_000_000)).await.unwrap();
        file.close().await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 2_400_000);
    });
}

/// F7: on a full disk each operation that could report it does, and none returns success for bytes that are
/// not stored anywhere.
pub fn a_full_disk_is_reported_again_and_again(backend: &Backend) {
    run(backend, async {
        let full = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let options = OpenOptions::<R>::new().write(true);
        let mut file = options.open("/dev/full").await.unwrap();
        file.write_all(b"nowhere").await.unwrap();
        for _ in 0..3 {
            full(file.flush().await.unwrap_err());
        }
        full(file.sync_all().await.unwrap_err());
        full(file.close().await.unwrap_err());

        let mut file = options.open("/dev/full").await.unwrap();
        file.write_all(b"nowhere").await.unwrap();
        let mut failed = false;
        while !failed {
            failed = file.write_all(b"more").await.map_err(full).is_err();
        }
        full(file.into_std().await.unwrap_err());
    });
}

/// F8: a file that is dropped with unwritten data loses nothing: the run ends after the last byte is
/// written.
pub fn a_dropped_file_is_written_to_the_end(backend: &Backend) {
    let folder = Folder::new();
    let expected = bytes(700_000);
    for pieces in [1, 2, 100, 3000] {
        let path = folder.join("file");
        run(backend, async {
            let mut file = File::<R>::create(&path).await.unwrap();
            for piece in expected.chunks(expected.len().div_ceil(pieces)) {
                file.write_all(piece).await.unwrap();
            }
        });
        assert!(fs::read(&path).unwrap() == expected, "{pieces} pieces");
    }
}

/// F8, F12: the same with bytes that wait for a token of a limiter, and behind a read that was dropped.
pub fn a_dropped_file_waits_for_its_token(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "0123456789");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().read(true).write(true);
        let mut file = options.limiter(&limiter).open(&path).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        let token = limiter.acquire_arc().await;
        file.write_all(b"abc").await.unwrap();
        file.write_all(b"def").await.unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"0123456789");
        drop(token);
    });
    assert_eq!(fs::read(&path).unwrap(), b"01abcdef89");
}

/// F8: without a run the destructor writes.
pub fn without_a_run_the_destructor_writes(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    let file = run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().write(true).create(true);
        let mut file = options.limiter(&limiter).open(&path).await.unwrap();
        file.write_all(b"abc").await.unwrap();
        file.write_all(b"def").await.unwrap();
        file
    });
    drop(file);
    crate::support::polls_until_ready(crate::support::until(|| {
        fs::read(&path).unwrap() == b"abcdef"
    }));
}

/// F8: bytes that cannot be written then are reported to the hook of the run, with the path.
pub fn a_loss_is_reported_to_the_run(backend: &Backend) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = told.clone();
    let options = RunOptions::new().unhandled(move |lost| {
        hook.lock().unwrap().push(lost.to_string());
    });
    let main = async {
        let options = OpenOptions::<R>::new().write(true);
        for _ in 0..20 {
            let mut file = options.open("/dev/full").await.unwrap();
            file.write_all(b"nowhere").await.unwrap();
        }
    };
    anyrt_core::run(backend, options, main).unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 20, "{told:?}");
    assert!(told.iter().all(|text| text.contains("/dev/full")));
}

/// F8, F9: closing in a cancelled scope writes everything first.
pub fn a_cancelled_close_writes_everything(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    let expected = bytes(600_000);
    run(backend, async {
        let mut file = File::<R>::create(&path).await.unwrap();
        file.write_all(&expected).await.unwrap();
        let closed = in_cancelled_scope::<R, _>(file.close()).await;
        closed.unwrap().unwrap();
        assert!(fs::read(&path).unwrap() == expected);
    });
}

/// F6, C6: a background write does not keep a cancelled scope from ending, though its file is not polled
/// again.
pub fn a_write_in_the_background_holds_no_scope(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::<R>::new().write(true).create(true);
        let mut file = options.limiter(&limiter).open(&path).await.unwrap();
        let token = limiter.acquire_arc().await;
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let begun = now::<R>();
        let ended = scope.run(async {
            file.write_all(b"abc").await.unwrap();
            file.write_all(b"def").await.unwrap();
            handle.cancel();
            forever(&Flag::new()).await;
        });
        assert!(ended.await.is_err());
        // A holder that is not polled again would be abandoned after a second.
        assert!(now::<R>() - begun < Duration::from_millis(900));
        drop(token);
        file.close().await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abcdef");
    });
}

anyrt_conformance_kit::cases! { files_lost: erased [Process],
    small_writes_come_out_in_order,
    a_full_disk_is_reported_again_and_again: [os_files, unix_files],
    a_dropped_file_is_written_to_the_end,
    a_dropped_file_waits_for_its_token,
    without_a_run_the_destructor_writes: [os_files],
    a_loss_is_reported_to_the_run: [os_files, unix_files],
    a_cancelled_close_writes_everything,
    a_write_in_the_background_holds_no_scope,
}
