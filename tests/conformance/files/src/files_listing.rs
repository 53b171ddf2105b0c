//! Listings, walks and patterns: FS-09, F2, F16, F17, F18.

use std::io;
use std::thread;

use anyrt_core::fs::{self as files, PathError, Walk};
use anyrt_core::temp::TempBuilder;
use futures_util::StreamExt;

use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::harness::repeats;
use crate::support::{in_cancelled_scope, run};
use crate::system::PermissionsExt;

/// Creates a tree: `a/{1,2,.hidden}`, `a/b/{3,c/4}`, `link -> a`.
fn tree() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.join("a/b/c")).unwrap();
    for name in ["a/1", "a/2", "a/.hidden", "a/b/3", "a/b/c/4"] {
        folder.file(name, name);
    }
    fs::symlink("a", folder.join("link")).unwrap();
    folder
}

async fn all(folder: &Folder, mut walk: Walk<R>) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(entry) = walk.next().await {
        let entry = entry.unwrap();
        let below = entry.path().strip_prefix(folder.path()).unwrap();
        found.push(below.to_str().unwrap().to_owned());
    }
    found
}

/// FS-09, F16: a folder is listed with names, paths and kinds; thousands of entries, each once.
pub fn a_folder_is_listed(backend: &Backend) {
    let folder = tree();
    let many = Folder::new();
    for number in 0..2000 {
        many.file(number.to_string(), "");
    }
    run(backend, async {
        let mut entries = files::read_dir::<R>(folder.path()).await.unwrap();
        let mut found = Vec::new();
        while let Some(entry) = entries.next().await {
            let entry = entry.unwrap();
            assert_eq!(entry.path().file_name(), Some(entry.file_name()));
            let kind = entry.file_type();
            found.push((
                entry.file_name().to_owned(),
                kind.is_dir(),
                kind.is_symlink(),
            ));
        }
        found.sort();
        assert_eq!(
            found,
            [("a".into(), true, false), ("link".into(), false, true)]
        );
        assert!(entries.next().await.is_none());

        let entries = files::read_dir::<R>(many.path()).await.unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_owned());
        let names: std::collections::BTreeSet<_> = names.collect().await;
        assert_eq!(names.len(), 2000);
        let error = files::read_dir::<R>(folder.join("a/1")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    });
}

/// F16, F2: wherever listing and walking are cancelled, no entry is lost, and none is returned twice.
pub fn a_cancelled_listing_goes_on(backend: &Backend) {
    let folder = Folder::new();
    for number in 0..1300 {
        folder.file(number.to_string(), "");
    }
    cancel_everywhere(
        backend,
        async |cut| {
            let mut walk = files::walk::<R>(folder.path()).min_depth(1);
            let mut found = Vec::new();
            cut.apply(async {
                while let Some(entry) = walk.next().await {
                    found.push(entry.unwrap().into_path());
                }
            })
            .await;
            while let Some(entry) = walk.next().await {
                found.push(entry.unwrap().into_path());
            }
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 1300);
            let mut walk = files::walk::<R>(folder.path());
            assert!(in_cancelled_scope::<R, _>(walk.next()).await.is_err());
            drop(walk);
        },
        |_, ()| {},
    );
}

/// FS-09, F17: a walk returns parents first, does not follow links by default, can be sorted, limited in
/// depth, and pruned.
pub fn a_walk_goes_through_a_tree(backend: &Backend) {
    let folder = tree();
    run(backend, async {
        let walk = || files::walk::<R>(folder.path()).sort_by_file_name();
        let everything = [
            "",
            "a",
            "a/.hidden",
            "a/1",
            "a/2",
            "a/b",
            "a/b/3",
            "a/b/c",
            "a/b/c/4",
            "link",
        ];
        assert_eq!(all(&folder, walk()).await, everything);
        assert_eq!(all(&folder, walk().max_depth(1)).await, ["", "a", "link"]);
        let deep = all(&folder, walk().min_depth(4)).await;
        assert_eq!(deep, ["a/b/c/4"]);
        let pruned = walk().filter(|entry| entry.file_name() != "b");
        let expected = ["", "a", "a/.hidden", "a/1", "a/2", "link"];
        assert_eq!(all(&folder, pruned).await, expected);
        let followed = all(&folder, walk().follow_links(true).min_depth(2).max_depth(2)).await;
        assert_eq!(followed.len(), 8, "{followed:?}");
        let mut depths = walk();
        while let Some(entry) = depths.next().await {
            let entry = entry.unwrap();
            let below = entry.path().strip_prefix(folder.path()).unwrap();
            assert_eq!(entry.depth(), below.components().count());
        }
    });
}

/// F17: a loop, a folder that is gone, and one that is missing are error items with their path; the
/// walk continues.
pub fn errors_of_a_walk_are_items(backend: &Backend) {
    let folder = tree();
    fs::symlink("../..", folder.join("a/b/up")).unwrap();
    run(backend, async {
        let walk = || files::walk::<R>(folder.path()).sort_by_file_name();
        let (mut failed, mut after) = (Vec::new(), false);
        let mut loops = walk().follow_links(true);
        while let Some(entry) = loops.next().await {
            match entry {
                Ok(entry) => after |= !failed.is_empty() && entry.file_name() == "link",
                Err(error) => {
                    let inner = PathError::of(&error);
                    failed.push(inner.unwrap().path().to_owned());
                }
            }
        }
        assert!(failed.contains(&folder.join("a/b/up")), "{failed:?}");
        assert!(after, "the walk went on");

        let root = folder.path().to_owned();
        let mut removes = walk().filter(move |entry| {
            if entry.file_name() == "b" {
                fs::remove_dir_all(root.join("a/b")).unwrap();
            }
            true
        });
        let mut failed = 0;
        while let Some(entry) = removes.next().await {
            if let Err(error) = entry {
                assert_eq!(error.kind(), io::ErrorKind::NotFound);
                failed += 1;
            }
        }
        assert!(failed <= 1);
        let mut missing = files::walk::<R>(folder.join("missing"));
        let error = missing.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(missing.next().await.is_none());
    });
}

/// FS-09, F17: a folder without permission to read is an error item with its path, and the walk continues.
pub fn a_closed_folder_is_an_item(backend: &Backend) {
    let folder = tree();
    let closed = folder.join("a/b");
    let permit = |mode| fs::set_permissions(&closed, PermissionsExt::from_mode(mode)).unwrap();
    permit(0o000);
    if fs::read_dir(&closed).is_ok() {
        // Root may read every folder.
        permit(0o700);
        return;
    }
    run(backend, async {
        let (mut found, mut failed) = (0, Vec::new());
        let mut walk = files::walk::<R>(folder.path());
        while let Some(entry) = walk.next().await {
            match entry {
                Ok(_) => found += 1,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                    let inner = PathError::of(&error);
                    failed.push(inner.unwrap().path().to_owned());
                }
            }
        }
        assert_eq!((found, failed), (7, vec![closed.clone()]));
        let denied = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
        let listed = files::read_dir::<R>(&closed).await.map(drop);
        assert!(denied(listed.unwrap_err()));
        assert!(denied(
            files::read::<R>(closed.join("3")).await.unwrap_err()
        ));
        assert!(denied(
            files::exists::<R>(closed.join("3")).await.unwrap_err()
        ));
        assert!(denied(
            files::remove_dir_all::<R>(&closed).await.unwrap_err()
        ));
        assert!(fs::exists(&closed));
        let dir = TempBuilder::<R>::new().parent(&closed).dir().await;
        assert!(denied(dir.unwrap_err()));
    });
    permit(0o700);
}

/// FS-09, F17: a tree that is removed concurrently: each missing entry is an error item, and the walk ends.
pub fn a_walk_ends_although_its_tree_is_removed(backend: &Backend) {
    for _ in 0..3 {
        let folder = Folder::new();
        for number in 0..150 {
            let below = folder.join(format!("{number}/a/b"));
            fs::create_dir_all(&below).unwrap();
            for name in ["1", "2", "3"] {
                fs::write(below.join(name), "").unwrap();
            }
        }
        let root = folder.path();
        let removal = run(backend, async {
            let mut removal = None;
            let mut walk = files::walk::<R>(root);
            while let Some(entry) = walk.next().await {
                match entry {
                    Ok(entry) => assert!(entry.path().starts_with(root)),
                    Err(error) => {
                        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
                        let inner = PathError::of(&error);
                        assert!(inner.unwrap().path().starts_with(root));
                    }
                }
                removal.get_or_insert_with(|| {
                    let root = root.to_owned();
                    thread::spawn(|| fs::remove_dir_all(root).unwrap())
                });
            }
            removal
        });
        removal.unwrap().join().unwrap();
    }
}

/// FS-09, F16, F17: a hundred thousand entries are listed, walked through and removed; two thousand if it
/// is not a long test.
pub fn very_many_entries_are_listed(backend: &Backend) {
    let count = repeats(100_000, 50);
    let folder = Folder::new();
    let many = folder.join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..count {
        fs::write(many.join(number.to_string()), "").unwrap();
    }
    run(backend, async {
        let entries = files::read_dir::<R>(&many).await.unwrap();
        let walk = files::walk::<R>(&many).min_depth(1);
        for mut entries in [entries.boxed(), walk.boxed()] {
            let mut seen = vec![false; count];
            while let Some(entry) = entries.next().await {
                let entry = entry.unwrap();
                assert!(entry.file_type().is_file());
                let number: usize = entry.file_name().to_str().unwrap().parse().unwrap();
                assert!(!std::mem::replace(&mut seen[number], true));
            }
            assert!(seen.into_iter().all(|seen| seen));
        }
        files::remove_dir_all::<R>(&many).await.unwrap();
        assert_eq!(folder.names(), [] as [&str; 0]);
    });
}

/// FS-09, F18: patterns match within names, across folders, by alternatives and by classes; names with a
/// leading dot, too.
pub fn patterns_find_paths(backend: &Backend) {
    let folder = tree();
    fs::create_dir(folder.join("[x]")).unwrap();
    folder.file("[x]/y", "");
    folder.file("a/b/c/{4}", "");
    run(backend, async {
        let find = async |pattern: &str| {
            let root = files::Path::<R>::new(folder.path());
            let mut paths = root.glob(pattern).unwrap();
            let mut found = Vec::new();
            while let Some(path) = paths.next().await {
                let path = path.unwrap();
                let below = path.strip_prefix(folder.path()).unwrap();
                found.push(below.to_str().unwrap().to_owned());
            }
            found.sort();
            found
        };
        assert_eq!(find("*").await, ["[x]", "a", "link"]);
        assert_eq!(find("a/*").await, ["a/.hidden", "a/1", "a/2", "a/b"]);
        assert_eq!(find("*/?").await, ["[x]/y", "a/1", "a/2", "a/b"]);
        assert_eq!(find("a/[1-9]").await, ["a/1", "a/2"]);
        assert_eq!(find("a/{1,b/3}").await, ["a/1", "a/b/3"]);
        assert_eq!(find("a/b/c").await, ["a/b/c"]);
        assert_eq!(find("a/missing").await, [] as [&str; 0]);
        assert_eq!(find("**/[34]").await, ["a/b/3", "a/b/c/4"]);
        assert_eq!(find("a/**/c").await, ["a/b/c"]);
        assert_eq!(find("[[]x[]]/*").await, ["[x]/y"]);
        assert_eq!(find("missing/*").await, [] as [&str; 0]);
        assert_eq!(find("a/1/*").await, [] as [&str; 0]);
        assert_eq!(find("a/1/x/*").await, [] as [&str; 0]);
        assert_eq!(find("").await, [] as [&str; 0]);
        // The parts between the separators are not valid patterns.
        assert_eq!(find("a/[]b]/{3,c/[{]4[}]}").await, ["a/b/3", "a/b/c/{4}"]);
        assert!(files::glob::<R>("a[").is_err());
        assert!(files::glob::<R>("a{b").is_err());
        let absolute = format!("{}/a/[1]", folder.path().display());
        let mut paths = files::glob::<R>(&absolute).unwrap();
        let path = paths.next().await.unwrap().unwrap();
        assert_eq!(path, files::Path::new(folder.join("a/1")));
        assert!(paths.next().await.is_none());
    });
}

/// F2: a folder is removed with all its contents; links are removed, and their targets stay.
pub fn a_tree_is_removed(backend: &Backend) {
    let folder = tree();
    let outside = folder.file("outside", "stays");
    fs::symlink(folder.path(), folder.join("a/b/out")).unwrap();
    for number in 0..1200 {
        folder.file(format!("a/b/many-{number}"), "");
    }
    run(backend, async {
        files::remove_dir_all::<R>(folder.join("a")).await.unwrap();
        assert_eq!(folder.names(), ["link", "outside"]);
        assert_eq!(fs::read(&outside).unwrap(), b"stays");
        assert!(files::remove_dir_all::<R>(&outside).await.is_err());
        assert!(fs::exists(&outside));
    });
}

anyrt_conformance_kit::cases! { files_listing: erased [Process],
    a_folder_is_listed: [unix_files],
    a_cancelled_listing_goes_on,
    a_walk_goes_through_a_tree: [unix_files],
    errors_of_a_walk_are_items: [unix_files],
    a_closed_folder_is_an_item: [unix_files],
    a_walk_ends_although_its_tree_is_removed: [os_files, unix_files],
    very_many_entries_are_listed,
    patterns_find_paths: [unix_files],
    a_tree_is_removed: [unix_files],
}
