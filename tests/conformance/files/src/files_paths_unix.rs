//! Paths on Unix systems: FS-05, FS-06, FS-08, FS-09, F15.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use anyrt_core::fs::{self as files, Path};

use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::run;

/// FS-05, FS-06, FS-09: methods that access the disk are asynchronous, the others are plain.
pub fn a_path_does_what_files_need(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let root = Path::<R>::new(folder.path());
        let below = root.join("a/b");
        below.create_dir_all().await.unwrap();
        assert!(below.create_dir().await.is_err());
        // The folder above a new one exists already.
        root.join("a/new/../b").create_dir_all().await.unwrap();
        root.join("a/new").remove_dir().await.unwrap();
        assert!(below.is_dir().await.unwrap() && !below.is_file().await.unwrap());
        let file = below.join("file.txt");
        assert_eq!(file.file_name().unwrap(), "file.txt");
        assert_eq!(file.with_extension("rs"), below.join("file.rs"));
        assert_eq!(file.parent().unwrap(), below);
        assert_eq!(
            &*file.relative_to(&root).unwrap(),
            "a/b/file.txt".as_ref() as &std::path::Path
        );
        assert!(!file.exists().await.unwrap());
        file.touch().await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 0);
        file.write("to be").await.unwrap();
        file.append(" or not").await.unwrap();
        file.touch().await.unwrap();
        assert_eq!(file.read_to_string().await.unwrap(), "to be or not");
        file.write_atomic("é").await.unwrap();
        assert_eq!(file.read().await.unwrap(), [0xc3, 0xa9]);
        file.chmod(0o600).await.unwrap();
        let mode = file.metadata().await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            file.same_file(root.join("a/../a/b/file.txt"))
                .await
                .unwrap()
        );
        let moved = file.rename(below.join("moved")).await.unwrap();
        assert_eq!(moved, below.join("moved"));
        let copy = moved.copy_into(&root).await.unwrap();
        assert_eq!(copy, root.join("moved"));
        assert!(moved.rename(&copy).await.is_err());
        let moved = moved.replace(&copy).await.unwrap();
        let moved = moved.move_into(&below).await.unwrap();
        let moved = moved.move_to(root.join("there")).await.unwrap();
        let copy = moved.copy(root.join("copy")).await.unwrap();
        assert_eq!(folder.names(), ["a", "copy", "there"]);
        copy.unlink(false).await.unwrap();
        below.remove_dir().await.unwrap();
        root.join("a").remove_dir_all().await.unwrap();
        assert_eq!(folder.names(), ["there"]);
        let resolved = root.join("./x/../there");
        assert!(resolved.resolve().await.is_err());
        let resolved = root.join("./there").resolve().await.unwrap();
        assert_eq!(resolved, root.resolve().await.unwrap().join("there"));
        assert!(Path::<R>::new("x").absolute().unwrap().is_absolute());
        assert_eq!(root.expand_home().unwrap(), root);
        let home = Path::<R>::new("~/x").expand_home();
        assert!(home.is_ok_and(|home| home.is_absolute()) || std::env::var_os("HOME").is_none());
        assert!(moved.owner().await.is_ok() && moved.group().await.is_ok());
    });
}

/// FS-08: metadata is that of a link, or of its target; a link without a target exists as a link only.
pub fn links_are_followed_or_not(backend: &Backend) {
    let folder = Folder::new();
    folder.file("file", "contents");
    run(backend, async {
        let root = Path::<R>::new(folder.path());
        let link = root.join("link");
        link.symlink_to("file").await.unwrap();
        assert!(link.is_file().await.unwrap() && link.is_symlink().await.unwrap());
        assert!(link.symlink_metadata().await.unwrap().is_symlink());
        assert!(link.metadata().await.unwrap().is_file());
        assert_eq!(link.read_link().await.unwrap(), Path::new("file"));
        assert!(!root.join("file").is_symlink().await.unwrap());
        let dangling = root.join("dangling");
        dangling.symlink_to("missing").await.unwrap();
        assert!(!dangling.exists().await.unwrap());
        assert!(dangling.exists_itself().await.unwrap());
        assert!(!dangling.is_file().await.unwrap() && !dangling.is_dir().await.unwrap());
        let hard = root.join("hard");
        hard.hard_link_to(root.join("file")).await.unwrap();
        assert!(hard.same_file(&link).await.unwrap());
        let error = files::symlink::<R>("a\0b", "x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(!hard.same_file(folder.path()).await.unwrap());
    });
}

/// F15: names are bytes: with a newline, or not UTF-8; a name that is too long is an error.
pub fn names_are_bytes(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let root = Path::<R>::new(folder.path());
        let names = [b"new\nline".as_slice(), b"\xff\xfe", b"*?[", b" "].map(OsStr::from_bytes);
        for name in names {
            let path = root.join(name);
            path.write(name.as_bytes().to_vec()).await.unwrap();
            assert_eq!(path.read().await.unwrap(), name.as_bytes());
        }
        let mut found = Vec::new();
        let mut entries = root.read_dir().await.unwrap();
        while let Some(entry) = entries.next().await {
            let entry = entry.unwrap();
            let contents = entry.path().read().await.unwrap();
            assert_eq!(contents, entry.file_name().as_bytes());
            found.push(entry.file_name().to_owned());
        }
        found.sort();
        let mut expected = names.map(OsStr::to_owned);
        expected.sort();
        assert_eq!(found, expected);
        let error = root.join("x".repeat(256)).write("").await.unwrap_err();
        // By its name: the oldest compiler has no stable path to this kind.
        assert_eq!(format!("{:?}", error.kind()), "InvalidFilename");
    });
    assert!(fs::remove_dir_all(folder.path()).is_ok());
}

anyrt_conformance_kit::cases! { files_paths_unix: erased [Process],
    a_path_does_what_files_need: [os_files],
    links_are_followed_or_not,
    names_are_bytes,
}
