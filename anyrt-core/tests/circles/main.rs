//! The imports between the files of core: no file imports a file that leads back to it.
//!
//! A file imports the file that defines an item, whatever re-exports the item on the way. A module that only
//! declares and re-exports its children does not import them. A call of a method is not an import, so an
//! `impl` of a type may be spread over files above it.

#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::modules::{Imports, Modules};

/// Imports that close a circle, with the reasons for them.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "engine/node/mod.rs",
        "engine/group/state/mod.rs",
        "a group owns its node, and a node refers back to its group",
    ),
    (
        "engine/group/children/mod.rs",
        "engine/group/state/mod.rs",
        "a group lists its tasks, and the record of a task refers to its group",
    ),
    (
        "engine/group/record/caller.rs",
        "engine/group/children/mod.rs",
        "the record of a task that is starting refers to the record of its caller",
    ),
    (
        "engine/group/state/mod.rs",
        "engine/run.rs",
        "a group refers to its run, and a run to its first group",
    ),
    (
        "net/connect/connectable/wrapped.rs",
        "net/connect/connectable/mod.rs",
        "the methods of the trait return wrappers, which implement the trait",
    ),
    (
        "sync/limiter/token.rs",
        "sync/limiter/mod.rs",
        "the methods of the limiter return tokens, which refer to the limiter",
    ),
    (
        "sync/rw_lock/guards.rs",
        "sync/rw_lock/mod.rs",
        "the methods of the lock return guards, which refer to the lock",
    ),
];

fn imports() -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    Modules::read(&root).imports()
}

/// Returns the imports that are not exceptions.
fn without_exceptions(imports: &Imports) -> Imports {
    let mut rest = imports.clone();
    rest.retain(|(from, to), _| !EXCEPTIONS.iter().any(|(a, b, _)| a == from && b == to));
    rest
}

/// Returns the shortest way from a file to another one.
fn way(imports: &Imports, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::new();
    // Ends: each round continues only with files that were not seen before.
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().unwrap();
            if last == to {
                return Some(way);
            }
            let next = imports.keys().filter(|(file, _)| file == last);
            for (_, file) in next.filter(|(_, file)| seen.insert(file)) {
                let mut way = way.clone();
                way.push(file.clone());
                longer.push(way);
            }
        }
        ways = longer;
    }
    None
}

/// Returns each circle of files, beginning and ending with the same file.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    // Only files with an import and an importer can be in a circle. Ends: each round removes something.
    let mut rest = imports.clone();
    loop {
        let count = rest.len();
        let importers: BTreeSet<_> = rest.keys().map(|(from, _)| from.clone()).collect();
        let imported: BTreeSet<_> = rest.keys().map(|(_, to)| to.clone()).collect();
        rest.retain(|(from, to), _| imported.contains(from) && importers.contains(to));
        if rest.len() == count {
            break;
        }
    }
    let mut circles = BTreeMap::new();
    for (from, to) in rest.keys() {
        if let Some(back) = way(&rest, to, from) {
            let files: BTreeSet<_> = back.iter().cloned().collect();
            circles
                .entry(files)
                .or_insert_with(|| [vec![from.clone()], back].concat());
        }
    }
    circles.into_values().collect()
}

/// Describes a circle: each file, with the path by which the one before imports it.
fn describe(circle: &[String], imports: &Imports) -> String {
    let mut text = circle[0].clone();
    for pair in circle.windows(2) {
        let path = &imports[&(pair[0].clone(), pair[1].clone())];
        text += &format!("\n    -> {} ({path})", pair[1]);
    }
    text
}

#[test]
fn no_file_leads_back_to_itself() {
    let imports = without_exceptions(&imports());
    let circles: Vec<_> = circles(&imports)
        .iter()
        .map(|circle| describe(circle, &imports))
        .collect();
    assert!(
        circles.is_empty(),
        "circles of imports; move the common item to a file below both:\n{}",
        circles.join("\n")
    );
}

#[test]
fn exceptions_are_needed() {
    let imports = imports();
    let rest = without_exceptions(&imports);
    for (from, to, _) in EXCEPTIONS {
        let pair = ((*from).to_owned(), (*to).to_owned());
        assert!(imports.contains_key(&pair), "{from} does not import {to}");
        assert!(
            way(&rest, to, from).is_some(),
            "{to} does not lead back to {from}"
        );
    }
}
