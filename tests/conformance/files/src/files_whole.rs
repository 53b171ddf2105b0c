//! Whole files: FS-06, F1, F2, F15, F19, F20, F22.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyrt_core::fs as files;

use crate::bytes::bytes;
use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::harness::start;
use crate::support::{in_cancelled_scope, run};
use crate::system::PermissionsExt;

/// FS-06: bytes and text are read as they were written, also appended ones.
pub fn whole_files_round_trip(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    run(backend, async {
        for size in [0, 5, 9_000_000] {
            files::write::<R>(&path, bytes(size)).await.unwrap();
            assert!(files::read::<R>(&path).await.unwrap() == bytes(size));
        }
        files::write::<R>(&path, "Größe ").await.unwrap();
        files::append::<R>(&path, "東京").await.unwrap();
        assert_eq!(
            files::read_to_string::<R>(&path).await.unwrap(),
            "Größe 東京"
        );
        files::append::<R>(&path, b"\xff").await.unwrap();
        let error = files::read_to_string::<R>(&path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        files::append::<R>(folder.join("new"), "x").await.unwrap();
        assert_eq!(fs::read(folder.join("new")).unwrap(), b"x");
    });
}

/// F22: a file with a size of 0 is read to its end, too.
pub fn the_size_is_only_a_hint(backend: &Backend) {
    run(backend, async {
        let status = files::read_to_string::<R>("/proc/self/status")
            .await
            .unwrap();
        assert!(status.contains("Threads:"));
        assert_eq!(files::read::<R>("/dev/null").await.unwrap(), b"");
    });
}

/// F1: cancelled on entry, nothing is created, written or removed.
pub fn functions_are_cancel_points(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "old");
    let other = folder.join("other");
    run(backend, async {
        let write = files::write::<R>(&path, "new");
        assert!(in_cancelled_scope::<R, _>(write).await.is_err());
        let write = files::write_atomic::<R>(&path, "new");
        assert!(in_cancelled_scope::<R, _>(write).await.is_err());
        let copy = files::copy::<R>(&path, &other);
        assert!(in_cancelled_scope::<R, _>(copy).await.is_err());
        let remove = files::remove_file::<R>(&path);
        assert!(in_cancelled_scope::<R, _>(remove).await.is_err());
        let missing = files::read::<R>(&other);
        assert!(in_cancelled_scope::<R, _>(missing).await.is_err());
    });
    assert_eq!(folder.names(), ["file"]);
    assert_eq!(fs::read(path).unwrap(), b"old");
}

/// F15: a path with a NUL byte is refused as `InvalidInput`, in the first poll.
pub fn a_nul_in_a_path_is_refused(backend: &Backend) {
    run(backend, async {
        let path = "a\0b";
        let mut outcomes = vec![
            files::read::<R>(path).await.map(drop),
            files::write::<R>(path, "").await,
            files::copy::<R>("/dev/null", path).await.map(drop),
            files::rename::<R>("/dev/null", path).await,
            files::hard_link::<R>(path, "x").await,
            files::exists::<R>(path).await.map(drop),
            files::read_dir::<R>(path).await.map(drop),
        ];
        outcomes.push(files::File::<R>::open(path).await.map(drop));
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    });
}

/// F2: a copy has the contents and the permissions; copying a file onto itself is refused, and the file
/// stays.
pub fn a_copy_is_like_the_original(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", bytes(100_000));
    fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let other = folder.file("other", bytes(300_000));
    run(backend, async {
        for target in [&other, &folder.join("new")] {
            assert_eq!(files::copy::<R>(&path, target).await.unwrap(), 100_000);
            assert!(fs::read(target).unwrap() == bytes(100_000));
            assert_eq!(
                fs::metadata(target).unwrap().permissions().mode() & 0o777,
                0o640
            );
        }
        fs::hard_link(&path, folder.join("link")).unwrap();
        for same in ["file", "link"] {
            let error = files::copy::<R>(&path, folder.join(same))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        assert!(fs::read(&path).unwrap() == bytes(100_000));
        let folder_itself = files::copy::<R>(folder.path(), folder.join("no")).await;
        assert!(folder_itself.is_err());
        assert!(!fs::exists(folder.join("no")));
    });
}

/// F2: wherever a copy is cancelled, the target is complete or does not exist.
pub fn a_cancelled_copy_leaves_all_or_nothing(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", bytes(20_000_000));
    let target = folder.join("target");
    cancel_everywhere(
        backend,
        async |cut| {
            let _ = fs::remove_file(&target);
            cut.apply(files::copy::<R>(&path, &target)).await
        },
        |_, _| {
            if let Ok(metadata) = fs::metadata(&target) {
                assert_eq!(metadata.len(), 20_000_000);
            }
        },
    );
}

/// F20: a file is replaced in one step: its mode stays, links are followed, and nothing else is left.
pub fn an_atomic_write_replaces_the_contents(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "old");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
    fs::symlink("file", folder.join("link")).unwrap();
    fs::symlink("missing", folder.join("dangling")).unwrap();
    run(backend, async {
        files::write_atomic::<R>(folder.join("link"), "new")
            .await
            .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o604
        );
        assert!(fs::is_symlink(folder.join("link")));
        files::write_atomic::<R>(folder.join("dangling"), "made")
            .await
            .unwrap();
        assert_eq!(fs::read(folder.join("missing")).unwrap(), b"made");
        let error = files::write_atomic::<R>(folder.path(), "no")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    });
    assert_eq!(folder.names(), ["dangling", "file", "link", "missing"]);
}

/// F2, F20: while a file is written atomically, or copied over another one, its contents are readable for no more
/// users than afterwards.
pub fn contents_are_never_readable_for_more_users(backend: &Backend) {
    /// Contents that look at the modes of the files in the folder when they are about to be written.
    struct Contents(PathBuf, Arc<Mutex<Vec<u32>>>);
    impl AsRef<[u8]> for Contents {
        fn as_ref(&self) -> &[u8] {
            *self.1.lock().unwrap() = modes(&self.0);
            b"new"
        }
    }
    fn modes(folder: &std::path::Path) -> Vec<u32> {
        let entries = std::fs::read_dir(folder).unwrap();
        let modes = entries.map(|entry| entry.unwrap().metadata().unwrap().permissions());
        modes
            .map(|permissions| permissions.mode() & 0o777)
            .collect()
    }
    let folder = Folder::new();
    let secret = folder.file("secret", "old");
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
    run(backend, async {
        let seen = Arc::default();
        let contents = Contents(folder.path().to_owned(), Arc::clone(&seen));
        files::write_atomic::<R>(&secret, contents).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [0o600, 0o600]);
        // A copy that fails at its first read, from a file of mode 600.
        let public = folder.file("public", "");
        let copied = files::copy::<R>("/proc/self/mem", &public).await;
        assert!(copied.is_err());
        assert_eq!(modes(folder.path()), [0o600, 0o600]);
    });
}

/// F20: wherever it is cancelled, the target is the old or the new file, and nothing else is left.
pub fn a_cancelled_atomic_write_leaves_one_or_the_other(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.join("file");
    cancel_everywhere(
        backend,
        async |cut| {
            fs::write(&path, "old").unwrap();
            let write = files::write_atomic::<R>(&path, vec![b'x'; 20_000_000]);
            cut.apply(write).await.is_some()
        },
        |_, complete| {
            let found = fs::read(&path).unwrap();
            assert!(found.len() == 20_000_000 || found == b"old" && !complete);
            assert_eq!(folder.names(), ["file"]);
        },
    );
}

/// F2: only a regular file is copied; another one is refused before it is opened, which may block.
pub fn only_regular_files_are_copied(backend: &Backend) {
    let folder = Folder::new();
    let fifo = folder.join("fifo");
    let mut make = start(Command::new("mkfifo").arg(&fifo)).unwrap();
    assert!(make.wait().unwrap().success());
    run(backend, async {
        for source in [&*fifo, folder.path()] {
            let error = files::copy::<R>(source, folder.join("copy")).await;
            assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    });
    assert_eq!(folder.names(), ["fifo"]);
}

/// F19: a file or a link that is moved to another file system replaces the target as on the same one: a link is
/// not followed, and after an error the target is as before. Without a second file system it tests the first.
pub fn moving_replaces_the_target_across_file_systems(backend: &Backend) {
    let folder = Folder::new();
    let shared = std::path::Path::new("/dev/shm");
    let other = match shared.is_dir() {
        true => shared.join(folder.path().file_name().unwrap()),
        false => folder.join("other"),
    };
    fs::create_dir(&other).unwrap();
    let kept = other.join("kept");
    let target = other.join("target");
    run(backend, async {
        let move_to = async |from: &std::path::Path| {
            let moved = files::Path::<R>::new(from).move_to(&target).await;
            moved.map(|moved| assert_eq!(*moved, *target))
        };
        fs::write(&kept, "kept").unwrap();
        fs::symlink("kept", &target).unwrap();
        let file = folder.file("file", "moved");
        fs::set_permissions(&file, PermissionsExt::from_mode(0o604)).unwrap();
        move_to(&file).await.unwrap();
        assert!(!fs::exists(&file) && !fs::is_symlink(&target));
        assert_eq!(fs::read(&target).unwrap(), b"moved");
        assert_eq!(fs::read(&kept).unwrap(), b"kept");
        let mode = fs::metadata(&target).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o604);
        for source in [folder.join("missing"), folder.path().to_owned()] {
            move_to(&source).await.unwrap_err();
            assert_eq!(fs::read(&target).unwrap(), b"moved");
        }
        let link = folder.join("link");
        fs::symlink("kept", &link).unwrap();
        move_to(&link).await.unwrap();
        assert!(!fs::is_symlink(&link) && fs::is_symlink(&target));
        assert_eq!(fs::read(&target).unwrap(), b"kept");
        files::remove_dir_all::<R>(&other).await.unwrap();
    });
}

/// F19: renaming refuses an existing target, replacing does not.
pub fn renaming_replaces_nothing(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", "one");
    let other = folder.file("other", "two");
    run(backend, async {
        let error = files::rename::<R>(&path, &other).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        files::rename::<R>(&path, folder.join("new")).await.unwrap();
        files::replace::<R>(folder.join("new"), &other)
            .await
            .unwrap();
        assert_eq!(folder.names(), ["other"]);
        assert_eq!(fs::read(&other).unwrap(), b"one");
    });
}

anyrt_conformance_kit::cases! { files_whole: erased [Process],
    whole_files_round_trip,
    the_size_is_only_a_hint: [os_files, unix_files],
    functions_are_cancel_points,
    a_nul_in_a_path_is_refused: [unix_files],
    a_copy_is_like_the_original: [unix_files],
    a_cancelled_copy_leaves_all_or_nothing,
    an_atomic_write_replaces_the_contents: [unix_files],
    contents_are_never_readable_for_more_users: [os_files, unix_files],
    a_cancelled_atomic_write_leaves_one_or_the_other,
    only_regular_files_are_copied: [os_files, unix_files],
    moving_replaces_the_target_across_file_systems: [os_files, unix_files],
    renaming_replaces_nothing: [unix_files],
}
