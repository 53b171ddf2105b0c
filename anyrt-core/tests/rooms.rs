//! The order of core's rooms: a room imports only rooms that come before it in this list, and every file
//! belongs to a room.

#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the ground up.
const ROOMS: &[&str] = &[
    "rules",
    "loom",
    "unwind",
    "wake",
    "instant",
    "attributes",
    "linked_slab",
    "host",
    "runtime",
    "disk",
    "engine",
    "role",
    "error",
    "context",
    "cancel",
    "task",
    "time",
    "combine",
    "sync",
    "thread",
    "stream",
    "fs",
    "temp",
    "descriptors",
    "signals",
    "process",
    "to_process",
    "net",
    "tls",
    "monitor",
    "testing",
];

/// Imports against the order, with the reasons for them.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "runtime",
        "disk",
        "types and permissions of files are part of the contract of `FileSystem`",
    ),
    ("runtime", "engine", "re-exports `current_tag`"),
    (
        "runtime",
        "error",
        "`NoRuntime` is part of the contract of `Spawn`",
    ),
    (
        "runtime",
        "net",
        "addresses are part of the contract of `Net`",
    ),
];

/// Returns the folder of the sources, and each file in it with its text.
fn sources() -> (PathBuf, Vec<(PathBuf, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    (root, sources)
}

/// Returns each room with each room that its sources name as `crate::room`.
fn imports() -> BTreeSet<(String, String)> {
    let mut imports = BTreeSet::new();
    let (root, sources) = sources();
    for (path, text) in sources {
        let file = path.file_stem().unwrap().to_str().unwrap();
        if file == "lib" || file == "models" || file.contains("tests") {
            continue;
        }
        let inside = path.strip_prefix(&root).unwrap().iter().next().unwrap();
        let room = inside.to_str().unwrap().trim_end_matches(".rs");
        for line in text.lines() {
            let code = line.split("//").next().unwrap();
            for rest in code.split("crate::").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                let named = &rest[..end.unwrap_or(rest.len())];
                // Macros and items at the root are not rooms.
                if ROOMS.contains(&named) && named != room {
                    imports.insert((room.to_owned(), named.to_owned()));
                }
            }
        }
    }
    imports
}

fn place(room: &str) -> usize {
    let found = ROOMS.iter().position(|known| *known == room);
    found.unwrap_or_else(|| panic!("`{room}` is not in the list of rooms"))
}

#[test]
fn rooms_import_only_what_is_below_them() {
    let upward: Vec<_> = imports()
        .into_iter()
        .filter(|(room, named)| place(named) > place(room))
        .filter(|(room, named)| !EXCEPTIONS.iter().any(|(a, b, _)| a == room && b == named))
        .collect();
    assert!(upward.is_empty(), "imports against the order: {upward:?}");
}

#[test]
fn exceptions_are_needed() {
    let imports = imports();
    for (room, named, _) in EXCEPTIONS {
        let pair = ((*room).to_owned(), (*named).to_owned());
        assert!(imports.contains(&pair), "{room} does not import {named}");
    }
}

/// Checks that a `mod` names every file: a file without one is not compiled, and its tests are not run.
#[test]
fn every_file_is_a_module() {
    let (root, sources) = sources();
    let left_out: Vec<_> = sources
        .iter()
        .map(|(path, _)| path)
        .filter(|path| !path.ends_with("src/lib.rs"))
        .filter(|path| {
            let file = path.file_name().unwrap().to_str().unwrap();
            let folder = path.parent().unwrap();
            let (name, around) = match file.strip_suffix(".rs").unwrap() {
                "mod" => (folder.file_name().unwrap(), folder.parent().unwrap()),
                name => (name.as_ref(), folder),
            };
            let module = format!("mod {};", name.to_str().unwrap());
            let names_it = |(other, text): &(PathBuf, String)| {
                let from = other.parent().unwrap();
                let by_path = path
                    .strip_prefix(from)
                    .map(|rest| format!("path = \"{}\"", rest.display()));
                from == around && text.contains(&module)
                    || by_path.is_ok_and(|by_path| text.contains(&by_path))
            };
            !sources.iter().any(names_it)
        })
        .map(|path| path.strip_prefix(&root).unwrap())
        .collect();
    assert!(left_out.is_empty(), "no module: {left_out:?}");
}
