//! Paths: FS-04, FS-07, F12, F19.

use std::io;
use std::sync::Arc;

use anyrt_core::fs::{self as files, OpenOptions, Path};
use anyrt_core::sync::CapacityLimiter;

use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{poll_once, run};

/// FS-07: removing a missing file is `NotFound`, unless that is allowed.
pub fn a_missing_file_may_be_removed_if_allowed(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let path = Path::<R>::new(folder.join("missing"));
        let error = path.unlink(false).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        path.unlink(true).await.unwrap();
        let error = path.remove_dir_all().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

/// F19: a missing file does not exist; if the system cannot find out, that is an error.
pub fn only_what_is_missing_does_not_exist(backend: &Backend) {
    let folder = Folder::new();
    folder.file("file", "");
    fs::symlink("loop", folder.join("loop")).unwrap();
    run(backend, async {
        for missing in ["missing", "file/below", "loop", "loop/below"] {
            assert!(
                !files::exists::<R>(folder.join(missing)).await.unwrap(),
                "{missing}"
            );
        }
        let too_long = files::exists::<R>(folder.join("x".repeat(300))).await;
        assert!(too_long.is_err());
        assert!(
            Path::<R>::new(folder.join("x".repeat(300)))
                .is_file()
                .await
                .is_err()
        );
    });
}

/// FS-04, F12: paths and files that are derived from a path keep its limiter, and wait for its tokens.
pub fn derived_paths_keep_the_limiter(backend: &Backend) {
    let folder = Folder::new();
    folder.file("file", "contents");
    run(backend, async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let root = Path::<R>::new(folder.path()).with_limiter(&limiter);
        let file = root.join("file");
        let mut derived = vec![
            root.parent().unwrap(),
            file.with_extension("x"),
            file.with_file_name("x"),
            file.relative_to(&root).unwrap(),
            root.absolute().unwrap(),
            root.expand_home().unwrap(),
            file.resolve().await.unwrap(),
            file.copy(root.join("copy")).await.unwrap(),
        ];
        derived.push(derived[7].rename(root.join("renamed")).await.unwrap());
        derived.push(derived[8].replace(root.join("replaced")).await.unwrap());
        derived.push(derived[9].move_to(root.join("moved")).await.unwrap());
        let mut entries = root.read_dir().await.unwrap();
        while let Some(entry) = entries.next().await {
            derived.push(entry.unwrap().into_path());
        }
        let mut walk = root.walk();
        while let Some(entry) = walk.next().await {
            derived.push(entry.unwrap().into_path());
        }
        let mut found = root.glob("**").unwrap();
        while let Some(path) = found.next().await {
            derived.push(path.unwrap());
        }
        assert!(derived.len() > 16);
        for path in derived {
            let kept = path
                .limiter()
                .is_some_and(|kept| Arc::ptr_eq(kept, &limiter));
            assert!(kept, "{path:?}");
        }
        let opened = file.open().await.unwrap();
        assert!(
            opened
                .limiter()
                .is_some_and(|kept| Arc::ptr_eq(kept, &limiter))
        );
        let own = Arc::new(CapacityLimiter::new(1));
        let options = OpenOptions::new().read(true).limiter(&own);
        let opened = file.open_with(&options).await.unwrap();
        assert!(opened.limiter().is_some_and(|kept| Arc::ptr_eq(kept, &own)));

        let token = limiter.acquire_arc().await;
        let mut read = Box::pin(file.read());
        let mut exists = Box::pin(file.exists());
        assert!(poll_once(read.as_mut()).await.is_pending());
        assert!(poll_once(exists.as_mut()).await.is_pending());
        assert_eq!(limiter.statistics().waiting, 2);
        drop(token);
        assert_eq!(read.await.unwrap(), b"contents");
        assert!(exists.await.unwrap());
    });
}

anyrt_conformance_kit::cases! { files_paths: erased [Process],
    a_missing_file_may_be_removed_if_allowed,
    only_what_is_missing_does_not_exist: [unix_files],
    derived_paths_keep_the_limiter,
}
