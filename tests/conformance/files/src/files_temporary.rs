//! Temporary files and folders, and files that are persisted: FS-10, T5.

use std::io::{self, SeekFrom};
use std::pin::pin;
use std::sync::Arc;

use anyrt_core::fs::{Path, PathError};
use anyrt_core::stream::{AttributesExt, FilePath};
use anyrt_core::sync::CapacityLimiter;
use anyrt_core::temp::{self, TempBuilder};

use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::{poll_once, run};
use crate::system::PermissionsExt;

pub(crate) const NONE: [&str; 0] = [];

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

        let (mut file, path) = builder.named().await.unwrap().keep();
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
            let inner = PathError::of(&error);
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
    temporary_files_are_gone_afterwards: [unix_files],
    names_have_prefix_and_suffix: [unix_files],
    a_builder_has_options: [unix_files],
    a_file_is_persisted_in_one_step: [os_files],
    a_cancelled_persist_leaves_one_or_the_other,
}
