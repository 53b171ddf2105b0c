//! Checks that the code of every page runs as a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyrt_guide::PAGES;

/// The attributes of a block of Rust that is compiled. `no_run` is for servers.
const COMPILED: [&str; 4] = [
    "rust",
    "rust,no_run",
    "rust,should_panic",
    "rust,compile_fail",
];

/// The languages of blocks that are not Rust. Each block has one.
const OTHERS: [&str; 3] = ["console", "text", "toml"];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(page: &str) -> String {
    fs::read_to_string(src().join(page)).expect("the page exists")
}

/// Returns the names of the pages in the table of contents.
fn contents() -> BTreeSet<String> {
    let summary = read("SUMMARY.md");
    let links = summary.split("](").skip(1);
    links
        .map(|link| {
            link.split_once(".md)")
                .expect("a link to a page")
                .0
                .to_owned()
        })
        .collect()
}

#[test]
fn every_page_of_the_contents_is_compiled() {
    let compiled: BTreeSet<String> = PAGES.iter().map(|page| page.to_string()).collect();
    assert_eq!(
        compiled,
        contents(),
        "the list in `pages.rs`, and SUMMARY.md"
    );
}

#[test]
fn every_file_is_in_the_contents() {
    let contents = contents();
    for entry in fs::read_dir(src()).expect("the folder exists") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("UTF-8").to_owned();
        let page = name.strip_suffix(".md").unwrap_or(&name);
        assert!(
            ["SUMMARY", "pictures"].contains(&page) || contents.contains(page),
            "{name} is not in SUMMARY.md"
        );
    }
}

/// A block that is not compiled includes a part of a file in `tests`, which is.
#[test]
fn every_block_of_rust_is_compiled() {
    for page in PAGES {
        let text = read(&format!("{page}.md"));
        let lines: Vec<&str> = text.lines().collect();
        let mut is_open = false;
        for (index, line) in lines.iter().enumerate() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            is_open = !is_open;
            if !is_open || COMPILED.contains(&language) || OTHERS.contains(&language) {
                continue;
            }
            assert_eq!(language, "rust,ignore", "{page}.md, line {}", index + 1);
            assert!(
                lines[index + 1].starts_with("{{#include ../tests/"),
                "{page}.md, line {}: the code is not compiled",
                index + 1
            );
        }
        assert!(!is_open, "{page}.md: a block is not closed");
    }
}

#[test]
fn pages_are_short() {
    for page in PAGES {
        let lines = read(&format!("{page}.md")).lines().count();
        assert!((60..=200).contains(&lines), "{page}.md has {lines} lines");
    }
}
