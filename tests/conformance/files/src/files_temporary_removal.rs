//! The removal of temporary files and folders: FS-11, T1, T2, T3.

use std::ffi::OsStr;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyrt_core::cancel::CancelScope;
use anyrt_core::fs::{File, Path, PathError};
use anyrt_core::temp::{self, TempBuilder};
use anyrt_core::thread::to_thread;

use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::files_temporary::NONE;
use crate::folder::Folder;
use crate::support::{catch, in_cancelled_scope, panic_quietly, poll_once, run, until};
use crate::system::{OsStrExt, PermissionsExt};

/// FS-11, T1, T3: a folder is removed with everything in it at the end of its block, or when it is closed,
/// in a cancelled scope too; with open files in it, and names that are not UTF-8.
pub fn a_folder_lasts_as_long_as_its_block(backend: &Backend) {
    run(backend, async {
        let block = temp::with_temp_dir::<R, _, _, _, _>(async |dir| {
            dir.join(OsStr::from_bytes(b"\xff")).write("").await?;
            dir.join("a/b").create_dir_all().await?;
            let mut open = File::<R>::create(dir.join("a/open")).await?;
            open.write_all(b"under way").await?;
            Ok::<_, io::Error>((dir, open))
        });
        let (dir, open) = block.await.unwrap();
        assert!(!dir.exists_itself().await.unwrap());
        drop(open);

        let dir = temp::dir::<R>().await.unwrap();
        let path = dir.path().clone();
        path.join("file").write("x").await.unwrap();
        dir.close().await.unwrap();
        assert!(!path.exists().await.unwrap());
        let (dir, file) = (temp::dir::<R>().await, temp::named::<R>().await);
        let (dir, file) = (dir.unwrap(), file.unwrap());
        let paths = [dir.path().clone(), file.path().clone()];
        let closed = in_cancelled_scope::<R, _>(dir.close()).await;
        closed.unwrap().unwrap();
        let closed = in_cancelled_scope::<R, _>(file.close()).await;
        closed.unwrap().unwrap();
        assert!(!paths[0].exists().await.unwrap() && !paths[1].exists().await.unwrap());
        let dropped = temp::dir::<R>().await.unwrap();
        let path = dropped.path().clone();
        path.join("file").write("x").await.unwrap();
        drop(dropped);
        assert!(!path.exists().await.unwrap());
        let kept = temp::dir::<R>().await.unwrap().keep();
        let mode = kept.metadata().await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        kept.remove_dir().await.unwrap();
    });
}

/// T1: a block removes the entries that it has created, however its body ends: by an error, a panic, a
/// cancellation, or when the scope is aborted or the block dropped. The error of the body has precedence.
pub fn blocks_remove_however_they_end(backend: &Backend) {
    run(backend, async {
        let mut paths = Vec::new();
        let failed = temp::with_temp_dir::<R, (), _, _, _>(async |dir| {
            paths.push(dir);
            Err(io::Error::other("of the body"))
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "of the body");
        let failed = temp::with_temp_file::<R, (), _, _, _>(async |mut file| {
            file.write_all(b"x").await?;
            paths.push(file.path().clone());
            Err(io::Error::other("of the body"))
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "of the body");

        let panicking = temp::with_temp_dir::<R, (), io::Error, _, _>(async |dir| {
            paths.push(dir);
            panic_quietly("in the body");
        });
        assert_eq!(catch(panicking).await.unwrap_err(), "in the body");
        let panicking = temp::with_temp_file::<R, (), io::Error, _, _>(async |file| {
            paths.push(file.path().clone());
            panic_quietly("in the body");
        });
        assert_eq!(catch(panicking).await.unwrap_err(), "in the body");

        for aborts in [false, true] {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let dirs = temp::with_temp_dir::<R, (), io::Error, _, _>(async |dir| {
                let files = temp::with_temp_file::<R, (), io::Error, _, _>(async |file| {
                    paths.extend([dir, file.path().clone()]);
                    if aborts {
                        handle.abort();
                    } else {
                        handle.cancel();
                    }
                    std::future::pending().await
                });
                files.await
            });
            assert!(scope.run(dirs).await.is_err());
        }

        let begun = AtomicBool::new(false);
        let mut dropped = Box::pin(temp::with_temp_dir::<R, (), io::Error, _, _>(async |dir| {
            paths.push(dir);
            begun.store(true, Ordering::Relaxed);
            std::future::pending().await
        }));
        while !begun.load(Ordering::Relaxed) {
            assert!(poll_once(dropped.as_mut()).await.is_pending());
            to_thread::run::<R, _, _>(|| ()).await;
        }
        drop(dropped);

        assert_eq!(paths.len(), 9);
        for path in paths {
            assert!(!path.exists_itself().await.unwrap(), "{path:?}");
        }
    });
}

/// T1: the removal is done on a worker thread, and a cancelled block waits for it.
pub fn a_cancelled_block_waits_for_the_removal(backend: &Backend) {
    run(backend, async {
        let limiter = to_thread::current_default_limiter().unwrap();
        limiter.set_total(1);
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let (mut token, mut path) = (None, None);
        let block = temp::with_temp_dir::<R, (), io::Error, _, _>(async |dir| {
            path = Some(dir);
            token = Some(limiter.acquire_arc().await);
            handle.cancel();
            std::future::pending().await
        });
        {
            let mut ended = pin!(scope.run(block));
            while limiter.statistics().waiting == 0 {
                assert!(poll_once(ended.as_mut()).await.is_pending());
                crate::support::yields(1).await;
            }
            assert!(poll_once(ended.as_mut()).await.is_pending());
            // The body has ended and released all that it borrowed; the token is still taken.
            assert_eq!(limiter.statistics().borrowed, 1);
            limiter.set_total(2);
            assert!(ended.await.is_err());
        }
        let path = path.unwrap();
        assert!(!path.exists().await.unwrap());
        drop(token);
    });
}

/// T3: a file or folder that is already gone is not an error; a failure to remove names the path.
pub fn a_failed_removal_names_the_path(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let builder = TempBuilder::<R>::new().parent(folder.path());
        let gone = builder.named().await.unwrap();
        fs::remove_file(gone.path()).unwrap();
        gone.close().await.unwrap();
        let gone = builder.dir().await.unwrap();
        fs::remove_dir(gone.path()).unwrap();
        gone.close().await.unwrap();

        // Another kind of entry is in its place.
        let names = |error: io::Error, path: &Path<R>| {
            let inner = PathError::of(&error);
            assert_eq!(inner.unwrap().path(), &**path);
            assert!(inner.unwrap().io_error().raw_os_error().is_some());
        };
        let file = builder.named().await.unwrap();
        let path = file.path().clone();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        names(file.close().await.unwrap_err(), &path);
        let dir = builder.dir().await.unwrap();
        let path = dir.path().clone();
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "").unwrap();
        names(dir.close().await.unwrap_err(), &path);

        let mut path = None;
        let replaces = temp::with_temp_dir::<R, _, _, _, _>(async |dir| {
            fs::remove_dir(&dir)?;
            fs::write(&dir, "")?;
            path = Some(dir);
            Ok::<_, io::Error>(())
        });
        let error = replaces.await.unwrap_err();
        let path = path.unwrap();
        names(error, &path);
        path.unlink(false).await.unwrap();
    });
}

/// T1, T2: wherever creating, using and removing a temporary file or folder is cancelled, nothing is left
/// when the run has ended.
pub fn nothing_is_left_by_what_was_cancelled(backend: &Backend) {
    let folder = Folder::new();
    cancel_everywhere(
        backend,
        async |cut| {
            let builder = TempBuilder::<R>::new().parent(folder.path());
            cut.apply(async {
                let mut named = builder.named().await.unwrap();
                named.write_all(b"x").await.unwrap();
                let dir = builder.dir().await.unwrap();
                dir.path().join("file").write("x").await.unwrap();
                named.close().await.unwrap();
                dir.close().await.unwrap();
            })
            .await;
        },
        |_, ()| assert_eq!(folder.names(), NONE),
    );
}

/// T3: a file that is created in a folder while the folder is removed is removed with it.
pub fn what_is_created_meanwhile_is_removed(backend: &Backend) {
    let folder = Folder::new();
    for closes in [false, true] {
        run(backend, async {
            let builder = TempBuilder::<R>::new().parent(folder.path());
            let dir = builder.dir().await.unwrap();
            let path = dir.path().to_path_buf();
            let (begun, begins) = mpsc::channel();
            let creator = thread::spawn(move || {
                let start = Instant::now();
                for number in 0.. {
                    let created = fs::write(path.join(number.to_string()), "x");
                    begun.send(()).ok();
                    if created.is_err() || start.elapsed() > Duration::from_millis(30) {
                        break;
                    }
                }
            });
            begins.recv().unwrap();
            if closes {
                dir.close().await.unwrap();
            } else {
                drop(dir);
            }
            creator.join().unwrap();
        });
        assert_eq!(folder.names(), NONE);
    }
}

/// T2: a file or folder that is created for a caller that is dropped meanwhile, at any moment, is removed
/// before the run ends.
pub fn what_is_created_for_nobody_is_removed(backend: &Backend) {
    let folder = Folder::new();
    for round in 0..100 {
        run(backend, async {
            let builder = TempBuilder::<R>::new().parent(folder.path());
            let (mut file, mut dir) = (Box::pin(builder.named()), Box::pin(builder.dir()));
            let ready = (
                poll_once(file.as_mut()).await,
                poll_once(dir.as_mut()).await,
            );
            match round % 4 {
                0 => {}
                // The entry exists already, and has not been returned.
                1 => until(|| folder.names().len() == 2).await,
                _ => crate::support::yields(round).await,
            }
            drop((file, dir, ready));
        });
        assert_eq!(folder.names(), NONE, "round {round}");
    }
}

anyrt_conformance_kit::cases! { files_temporary_removal: erased [Process],
    a_folder_lasts_as_long_as_its_block: [unix_files],
    blocks_remove_however_they_end,
    a_cancelled_block_waits_for_the_removal,
    a_failed_removal_names_the_path: [unix_files],
    nothing_is_left_by_what_was_cancelled,
    what_is_created_for_nobody_is_removed,
    what_is_created_meanwhile_is_removed,
}
