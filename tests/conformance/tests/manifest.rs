//! Checks that the manifest and the cases are complete: nothing is left out by accident.

#![expect(clippy::unwrap_used, reason = "this is test code")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyrt_conformance::stress::Plan;

/// The areas of behaviours that are covered so far, with their number of entries.
const AREAS: &[(&str, usize)] = &[
    ("TG", 37),
    ("CS", 23),
    ("HO", 28),
    ("EN", 36),
    ("TO", 10),
    ("SY", 26),
    ("LL", 5),
    ("CX", 8),
    ("DB", 7),
    ("EV", 8),
    ("TH", 21),
    ("MS", 15),
    ("NET", 32),
    ("ST", 27),
    ("FS", 12),
    ("SG", 6),
    ("PR", 15),
];

/// Entries that no case of this crate can check, and the file that checks them, from the root of the
/// workspace: behaviours that types rule out, or that only the facade or a whole program has.
const ELSEWHERE: &[(&str, &str)] = &[
    ("TG-18", "tests/ui/fail/started_twice.rs"),
    ("TG-33", "tests/ui/fail/group_runs_once.rs"),
    ("CS-07", "tests/ui/fail/scope_runs_once.rs"),
    ("CS-22", "tests/ui/fail/scope_has_no_enter_and_exit.rs"),
    ("ST-06", "tests/ui/fail/stream_sent_twice_at_once.rs"),
    ("EN-23", "tests/apps/tests/thread_locals.rs"),
    ("EN-26", "anyrt-tokio/tests/paused.rs"),
    ("EN-31", "examples/tests/serve_memory.rs"),
    ("EN-32", "examples/tests/serve_memory.rs"),
    ("EN-33", "examples/tests/proxy_limits.rs"),
    ("EN-36", "ci/other-systems.sh"),
    ("EV-03", "tests/apps/tests/backends.rs"),
    ("EV-07", "tests/apps/tests/backends.rs"),
    ("PR-11", "tests/apps/tests/workers/calls.rs"),
    ("PR-12", "tests/apps/tests/workers/cancellation.rs"),
    ("PR-13", "tests/apps/tests/workers/cancellation.rs"),
    ("PR-14", "tests/apps/tests/workers/calls.rs"),
    ("PR-15", "tests/apps/tests/workers/cancellation.rs"),
];

/// A case in the sources.
struct Written {
    name: String,
    docs: String,
}

/// The crates with cases.
const CRATES: &[&str] = &[
    "files",
    "groups",
    "net",
    "processes",
    "scopes",
    "streams",
    "sync",
    "threads",
];

/// Returns the files of cases, and their names.
fn files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for name in CRATES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("src");
        for entry in fs::read_dir(folder).unwrap() {
            let mut path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            // They are compiled for Windows alone, and `ci/windows.sh` runs them.
            if module.contains("_windows") && !cfg!(windows) {
                continue;
            }
            if path.is_dir() {
                path.push("mod.rs");
            }
            files.push((path, module));
        }
    }
    files
}

fn written() -> Vec<Written> {
    let mut cases = Vec::new();
    for (path, module) in files() {
        let text = fs::read_to_string(&path).unwrap();
        let mut docs = String::new();
        for (at, line) in lines(&text) {
            if let Some(comment) = line.strip_prefix("///") {
                docs.push_str(comment);
            } else if line.starts_with("pub fn ") && takes_a_backend(&text[at..]) {
                let name = line["pub fn ".len()..].split(['<', '(']).next().unwrap();
                cases.push(Written {
                    name: format!("{module}::{name}"),
                    docs: std::mem::take(&mut docs),
                });
            } else if !line.starts_with("#[") {
                docs.clear();
            }
        }
    }
    cases
}

/// Returns the lines of a text, with their offsets.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

/// Returns whether the function that the text begins with has the parameter of a case, and no other.
fn takes_a_backend(text: &str) -> bool {
    let parameters = text.split('(').nth(1).unwrap();
    let parameters = parameters.split(')').next().unwrap();
    let (_, kind) = parameters.split_once(": ").unwrap_or_default();
    let kind = kind.trim().trim_end_matches(',');
    ["&B", "&Backend", "&OsBackend"].contains(&kind)
}

#[test]
fn every_case_is_listed() {
    let listed: BTreeSet<_> = anyrt_conformance::names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let written: BTreeSet<_> = written().into_iter().map(|case| case.name).collect();
    let forgotten: Vec<_> = written.difference(&listed).collect();
    assert!(
        forgotten.is_empty(),
        "not in the list that ends its file, or its file is not in `manifest.rs`: {forgotten:#?}"
    );
    let unseen: Vec<_> = listed.difference(&written).collect();
    assert!(
        unseen.is_empty(),
        "cases that this test does not see: {unseen:#?}"
    );
}

#[test]
fn every_case_is_listed_once() {
    let names = anyrt_conformance::names();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len());
}

#[test]
fn every_case_cites_its_rule() {
    let silent: Vec<_> = written()
        .into_iter()
        .filter(|case| !cites_a_rule(&case.docs))
        .collect();
    let names: Vec<_> = silent.iter().map(|case| &case.name).collect();
    assert!(names.is_empty(), "no rule cited: {names:#?}");
}

#[test]
fn every_entry_has_a_case() {
    let docs: String = written().into_iter().map(|case| case.docs).collect();
    let mut missing = Vec::new();
    for (area, entries) in AREAS {
        for number in 1..=*entries {
            let id = format!("{area}-{number:02}");
            let elsewhere = ELSEWHERE.iter().any(|(known, _)| *known == id);
            if !elsewhere && !docs.contains(&id) {
                missing.push(id);
            }
        }
    }
    assert!(missing.is_empty(), "no case cites {missing:?}");
}

#[test]
fn entries_elsewhere_are_cited_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let missing: Vec<_> = ELSEWHERE
        .iter()
        .filter(|(id, file)| !fs::read_to_string(root.join(file)).unwrap().contains(id))
        .collect();
    assert!(missing.is_empty(), "not cited there: {missing:#?}");
}

/// Returns whether the documentation begins with something like `TG-01: `, `C4, LL-04: ` or `Time 2: `.
fn cites_a_rule(docs: &str) -> bool {
    let Some((rules, _)) = docs.split_once(':') else {
        return false;
    };
    rules.split(',').all(|rule| {
        let rule = rule.trim().trim_end_matches(|c: char| c.is_ascii_digit());
        let known = [
            "TG-", "CS-", "HO-", "TO-", "SY-", "MS-", "LL-", "CX-", "DB-", "EV-", "TI-", "TH-",
            "NET-", "ST-", "FS-", "SG-", "PR-", "EN-", "C", "G", "F", "T", "P", "S",
        ];
        let contracts = ["Spawn ", "Time ", "Blocking ", "Enter "];
        known.contains(&rule) || contracts.contains(&rule)
    })
}

/// Checks that the stress test runs only plans that the model can follow.
#[test]
fn random_plans_are_fair() {
    for seed in 0..20_000 {
        assert!(Plan::random(seed).is_fair(), "seed {seed}");
    }
}
