//! Temporary files and folders: FS-10, FS-11, FS-12, T1, T2, T3, T4, T5.

use std::ffi::OsStr;
use std::fs;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyrt_core::cancel::CancelScope;
use anyrt_core::fs::{File, Path, PathError};
use anyrt_core::stream::{AttributesExt, FilePath};
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::temp::{self, TempBuilder};
use anyrt_core::thread::to_thread;
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use crate::cancel_everywhere::{Way, cancel_everywhere};
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{catch, in_cancelled_scope, panic_quietly, poll_once, run, until};

const NONE: [&str; 0] = [];

/// FS-10: an unnamed temporary file can be used; a named one has a path until it is closed or dropped.
pub fn temporary_files_are_gone_afterwards(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let builder = TempBuilder::<R>::new()
            .prefix("a-")
            .suffix(".b")
            .parent(folder.path());
        let mut file = builder.file().await.unwrap();
        assert_eq!(folder.names(), NONE);
        file.write_all(b"0123").await.unwrap();
        file.seek(SeekFrom::Start(1)).await.unwrap();
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"123");

        let mut named = builder.named().await.unwrap();
        let names = folder.names();
        assert!(names.len() == 1 && names[0].starts_with("a-") && names[0].ends_with(".b"));
        assert_eq!(named.path().file_name().unwrap(), &*names[0]);
        let mode = named.metadata().await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        named.write_all(b"x").await.unwrap();
        named.flush().await.unwrap();
        assert_eq!(fs::read(named.path()).unwrap(), b"x");
        named.close().await.unwrap();
        assert_eq!(folder.names(), NONE);
        drop(builder.named().await.unwrap());
        assert_eq!(folder.names(), NONE);

        let (mut file, path) = builder.named().await.unwrap().keep().unwrap();
        file.write_all(b"kept").await.unwrap();
        file.close().await.unwrap();
        assert_eq!(path.read().await.unwrap(), b"kept");
        assert_eq!(path.parent().unwrap(), Path::new(folder.path()));
    });
}

/// FS-10: `mkstemp` and `mkdtemp` honour prefix and suffix, and the entries that they create stay; a prefix
/// that leads to another folder is refused.
pub fn names_have_prefix_and_suffix(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let is_right = |path: &Path<R>| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("made-") && name.ends_with(".x") && name.len() == 13
        };
        let (file, path) = temp::mkstemp::<R>("made-", ".x").await.unwrap();
        file.close().await.unwrap();
        assert!(is_right(&path), "{path:?}");
        path.unlink(false).await.unwrap();
        let path = temp::mkdtemp::<R>("made-", ".x").await.unwrap();
        assert!(is_right(&path), "{path:?}");
        path.remove_dir().await.unwrap();

        let builder = TempBuilder::<R>::new().parent(folder.path());
        for part in ["/tmp/x", "a/", "../x", "/", "\0"] {
            let prefixed = builder.clone().prefix(part);
            let error = prefixed.named().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{part:?}");
            let suffixed = builder.clone().suffix(part);
            let error = suffixed.dir().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{part:?}");
        }
        assert_eq!(folder.names(), NONE);
        let dots = builder.prefix("..").named().await.unwrap();
        assert!(dots.path().exists().await.unwrap());
    });
}

/// FS-10, FS-04, F12, F21: an entry that a builder creates has its parent, permissions and limiter; errors
/// name the folder, and have the system's error as source.
pub fn a_builder_has_options(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let builder = TempBuilder::<R>::new()
            .parent(folder.path())
            .permissions(fs::Permissions::from_mode(0o500))
            .limiter(&limiter);
        let dir = builder.dir().await.unwrap();
        let mode = dir.path().metadata().await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o500);
        assert!(Arc::ptr_eq(dir.path().limiter().unwrap(), &limiter));
        let named = builder.named().await.unwrap();
        assert!(Arc::ptr_eq(named.limiter().unwrap(), &limiter));
        assert!(Arc::ptr_eq(named.path().limiter().unwrap(), &limiter));
        let token = limiter.acquire_arc().await;
        let mut removal = pin!(named.close());
        assert!(poll_once(removal.as_mut()).await.is_pending());
        drop(token);
        removal.await.unwrap();

        let missing = folder.join("missing");
        let builder = TempBuilder::<R>::new().parent(&missing);
        let errors = [
            builder.file().await.unwrap_err(),
            builder.named().await.unwrap_err(),
            builder.dir().await.unwrap_err(),
            builder.spooled(0).write(b"x").await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            let inner = error.get_ref().unwrap().downcast_ref::<PathError>();
            let inner = inner.unwrap();
            assert_eq!(inner.path(), missing);
            assert!(inner.io_error().raw_os_error().is_some(), "{inner:?}");
        }
        let nul = TempBuilder::<R>::new()
            .parent("a\0b")
            .dir()
            .await
            .unwrap_err();
        assert_eq!(nul.kind(), io::ErrorKind::InvalidInput);
    });
}

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

        let mut dropped = Box::pin(temp::with_temp_dir::<R, (), io::Error, _, _>(async |dir| {
            paths.push(dir);
            std::future::pending().await
        }));
        let mut polls = 0;
        until(|| {
            polls += 1;
            polls > 1
        })
        .await;
        while poll_once(dropped.as_mut()).await.is_pending() && polls < 100 {
            to_thread::run::<R, _, _>(|| ()).await;
            polls += 1;
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
            let inner = error.get_ref().unwrap().downcast_ref::<PathError>();
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

/// FS-12, T4: a spooled file is in memory until a write or a new length exceeds its limit; the position
/// stays.
pub fn a_spooled_file_moves_when_it_grows(backend: &Backend) {
    run(backend, async {
        let mut file = temp::spooled::<R>(10);
        file.write_all(b"01234").await.unwrap();
        file.write_all(b"56789").await.unwrap();
        file.set_len(10).await.unwrap();
        file.write_all(b"").await.unwrap();
        file.flush().await.unwrap();
        assert!(!file.is_rolled(), "it has as many bytes as are allowed");
        assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), 6);
        for before in [
            SeekFrom::Current(-7),
            SeekFrom::End(-11),
            SeekFrom::Start(u64::MAX),
        ] {
            let error = file.seek(before).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        let mut two = [0; 2];
        assert_eq!(file.read(&mut two).await.unwrap(), 2);
        assert_eq!(&two, b"67");
        file.write_all(b"abc").await.unwrap();
        assert!(file.is_rolled());
        assert_eq!(file.tell().await.unwrap(), 11);
        file.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        assert_eq!(file.read_to_end(&mut all).await.unwrap(), 11);
        assert_eq!(all, b"01234567abc");

        let mut long = temp::spooled::<R>(10);
        long.write_all(b"x").await.unwrap();
        long.set_len(11).await.unwrap();
        assert!(long.is_rolled());
        assert_eq!(long.tell().await.unwrap(), 1);
        let mut far = temp::spooled::<R>(10);
        assert_eq!(far.seek(SeekFrom::Start(9)).await.unwrap(), 9);
        far.write_all(b"x").await.unwrap();
        assert!(!far.is_rolled());
        far.write_all(b"y").await.unwrap();
        assert!(far.is_rolled());
        far.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"\0\0\0\0\0\0\0\0\0xy");

        let mut small = temp::spooled::<R>(10);
        small.write_all(b"xyz").await.unwrap();
        small.seek(SeekFrom::Start(1)).await.unwrap();
        let mut rest = Vec::new();
        let mut file = small.into_file().await.unwrap();
        file.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"yz");
    });
}

/// T4, F7: in memory no worker thread is used. If the system refuses the file, all bytes are still in memory, and
/// the write can be repeated.
pub fn a_refused_move_keeps_everything(backend: &Backend) {
    let folder = Folder::new();
    let parent = folder.join("later");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let builder = TempBuilder::<R>::new().parent(&parent).limiter(&limiter);
        let token = limiter.acquire_arc().await;
        let mut file = builder.spooled(4);
        file.write_all(b"0123").await.unwrap();
        file.seek(SeekFrom::Start(2)).await.unwrap();
        drop(token);
        let error = file.write_all(b"abc").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!file.is_rolled());
        assert_eq!(file.tell().await.unwrap(), 2);
        fs::create_dir(&parent).unwrap();
        file.write_all(b"abc").await.unwrap();
        assert!(file.is_rolled());
        file.seek(SeekFrom::Start(0)).await.unwrap();
        let mut all = Vec::new();
        file.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"01abc");
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 0, "it has no name");
    });
}

/// T4: wherever the move is cancelled, all bytes are in memory or in the file.
pub fn a_cancelled_move_keeps_everything(backend: &Backend) {
    cancel_everywhere(
        backend,
        async |cut| {
            let mut file = temp::spooled::<R>(4);
            file.write_all(b"0123").await.unwrap();
            let complete = cut.apply(file.write_all(b"45")).await.is_some();
            let position = file.tell().await.unwrap();
            assert!(position == 6 || position == 4 && !complete);
            if cut.way() != Way::Drop {
                assert_eq!(position == 6, complete);
            }
            file.seek(SeekFrom::Start(0)).await.unwrap();
            let mut all = Vec::new();
            file.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, b"012345"[..usize::try_from(position).unwrap()]);
        },
        |_, ()| {},
    );
}

/// FS-12, C4: a spooled file implements the traits of `futures::io`, on both sides of its limit, and its
/// operations are cancel points.
pub fn a_spooled_file_is_a_byte_stream(backend: &Backend) {
    fn is_stream(_: &(impl AsyncBufRead + AsyncWrite + AsyncSeek + Send)) {}
    run(backend, async {
        for max in [0, 100] {
            let mut file = temp::spooled::<R>(max);
            is_stream(&file);
            let written = poll_fn(|cx| Pin::new(&mut file).poll_write(cx, b"one\ntwo\n"));
            assert_eq!(written.await.unwrap(), 8);
            poll_fn(|cx| Pin::new(&mut file).poll_flush(cx))
                .await
                .unwrap();
            assert_eq!(file.is_rolled(), max == 0);
            let moved = poll_fn(|cx| Pin::new(&mut file).poll_seek(cx, SeekFrom::Start(2)));
            assert_eq!(moved.await.unwrap(), 2);
            let filled = poll_fn(|cx| Pin::new(&mut file).poll_fill_buf(cx).map_ok(<[u8]>::to_vec));
            assert_eq!(filled.await.unwrap(), b"e\ntwo\n");
            Pin::new(&mut file).consume(2);
            assert_eq!(file.tell().await.unwrap(), 4);
            let mut rest = [0; 10];
            let read = poll_fn(|cx| Pin::new(&mut file).poll_read(cx, &mut rest));
            assert_eq!(read.await.unwrap(), 4);
            assert_eq!(&rest[..4], b"two\n");

            let refused = in_cancelled_scope::<R, _>(file.write_all(b"more")).await;
            assert!(refused.is_err());
            assert!(in_cancelled_scope::<R, _>(file.set_len(200)).await.is_err());
            assert!(
                in_cancelled_scope::<R, _>(file.seek(SeekFrom::Start(0)))
                    .await
                    .is_err()
            );
            let mut buffer = [0; 8];
            assert!(
                in_cancelled_scope::<R, _>(file.read(&mut buffer))
                    .await
                    .is_err()
            );
            assert_eq!(file.tell().await.unwrap(), 8);
            assert_eq!(file.seek(SeekFrom::End(0)).await.unwrap(), 8);
            poll_fn(|cx| Pin::new(&mut file).poll_close(cx))
                .await
                .unwrap();
        }
    });
}

/// T5: persisting moves the file in one step, with everything written; if it fails, the file is returned
/// and is still temporary.
pub fn a_file_is_persisted_in_one_step(backend: &Backend) {
    let folder = Folder::new();
    let target = folder.file("target", "old");
    run(backend, async {
        let builder = TempBuilder::<R>::new().parent(folder.path());
        let mut file = builder.named().await.unwrap();
        file.write_all(b"new").await.unwrap();
        let mut file = file.persist(&target).await.unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        file.write_all(b"er").await.unwrap();
        assert_eq!(file.attribute::<FilePath>().unwrap(), target);
        file.close().await.unwrap();
        assert_eq!(folder.names(), ["target"]);
        assert_eq!(fs::read(&target).unwrap(), b"newer");
        for (to, kind) in [
            (folder.join("no/where"), io::ErrorKind::NotFound),
            ("a\0b".into(), io::ErrorKind::InvalidInput),
            // Another file system, on which nothing can be created.
            ("/proc/anyrt".into(), io::ErrorKind::CrossesDevices),
        ] {
            let mut file = builder.named().await.unwrap();
            file.write_all(b"back").await.unwrap();
            let error = file.persist(to).await.unwrap_err();
            let is_proc = kind == io::ErrorKind::CrossesDevices && !cfg!(target_os = "linux");
            assert!(is_proc || error.io_error().kind() == kind, "{error}");
            let mut file = error.into_file();
            file.flush().await.unwrap();
            assert_eq!(file.path().read().await.unwrap(), b"back");
            drop(file);
            assert_eq!(folder.names(), ["target"]);
        }
    });
}

/// T5: wherever persisting is cancelled, the target is the old or the new file, and no other file is left.
pub fn a_cancelled_persist_leaves_one_or_the_other(backend: &Backend) {
    let folder = Folder::new();
    let target = folder.join("target");
    cancel_everywhere(
        backend,
        async |cut| {
            fs::write(&target, "old").unwrap();
            let builder = TempBuilder::<R>::new().parent(folder.path());
            let mut file = builder.named().await.unwrap();
            file.write_all(b"new").await.unwrap();
            cut.apply(file.persist(&target)).await.is_some()
        },
        |_, complete| {
            assert_eq!(folder.names(), ["target"]);
            let contents = fs::read(&target).unwrap();
            assert!(contents == b"new" || contents == b"old" && !complete);
        },
    );
}

anyrt_conformance_kit::cases! { files_temporary: erased [Process],
    temporary_files_are_gone_afterwards,
    names_have_prefix_and_suffix,
    a_builder_has_options,
    a_folder_lasts_as_long_as_its_block,
    blocks_remove_however_they_end,
    a_cancelled_block_waits_for_the_removal,
    a_failed_removal_names_the_path,
    nothing_is_left_by_what_was_cancelled,
    what_is_created_for_nobody_is_removed,
    what_is_created_meanwhile_is_removed,
    a_spooled_file_moves_when_it_grows,
    a_refused_move_keeps_everything,
    a_cancelled_move_keeps_everything,
    a_spooled_file_is_a_byte_stream,
    a_file_is_persisted_in_one_step,
    a_cancelled_persist_leaves_one_or_the_other,
}
