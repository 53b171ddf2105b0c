//! The order of core's rooms: a room imports only rooms that stand before it in this list.

#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rooms, from the ground up.
const ROOMS: &[&str] = &[
    "loom",
    "unwind",
    "wake",
    "instant",
    "attributes",
    "chain",
    "host",
    "runtime",
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
    "testing",
];

/// Imports against the order, and why they stay.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
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

/// Each room with each room that its sources name as `crate::room`.
fn imports() -> BTreeSet<(String, String)> {
    let mut imports = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.file_stem().unwrap().to_str().unwrap();
            if file == "lib" || file == "models" || file.contains("tests") {
                continue;
            }
            let inside = path.strip_prefix(&root).unwrap().iter().next().unwrap();
            let room = inside.to_str().unwrap().trim_end_matches(".rs");
            for line in fs::read_to_string(&path).unwrap().lines() {
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
