//! The program `pipeline`, run as a process.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use self::support::{BACKENDS, Folder, PIPELINE, error_lines, text};

/// Returns the expected output for these files, all of them text, counted in another way.
fn expected(files: &[&[u8]]) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for file in files {
        let mut word = String::new();
        for byte in file.iter().chain(b" ") {
            if byte.is_ascii_alphabetic() {
                word.push(byte.to_ascii_lowercase().into());
            } else if !word.is_empty() {
                *counts.entry(std::mem::take(&mut word)).or_default() += 1;
            }
        }
    }
    // The sort is stable, and a map is sorted.
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| usize::MAX - count);
    let mut lines = String::new();
    for (word, count) in counts.iter().take(20) {
        writeln!(lines, "{count:>7} {word}").expect("a string takes everything");
    }
    lines
}

/// Checks the output on every backend, with nothing on standard error.
#[track_caller]
fn counts(folder: &Folder, expected: &str) {
    for backend in BACKENDS {
        let output = PIPELINE.run(folder, ["--backend", backend, "."]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stdout), expected);
        assert_eq!(text(&output.stderr), "", "progress is for terminals");
    }
}

#[test]
fn prints_the_most_frequent_words_as_uniq_does() {
    let folder = Folder::new();
    folder.file("a", "to be, or not to be\n");
    folder.file("b/c", "To be or\nnot_TO3be");
    counts(&folder, "      4 be\n      4 to\n      2 not\n      2 or\n");
}

/// Uses files that do not end with a newline: their words stay apart. Of 26 words, 20 are printed.
#[test]
fn gives_the_same_on_every_backend_with_any_number_of_jobs() {
    let folder = Folder::new();
    let mut files = Vec::new();
    for number in 0..700_usize {
        let letter = |place: usize| char::from(b'a' + (number * place % 26) as u8);
        let words = (0..number * 7 % 500).map(|place| format!("w{} ", letter(place)));
        let content = words.collect::<String>() + "End";
        folder.file(format!("{}/{}/{number}", number % 13, number % 3), &content);
        files.push(content);
    }
    let files: Vec<_> = files.iter().map(String::as_bytes).collect();
    let expected = expected(&files);
    assert_eq!(expected.lines().count(), 20);
    counts(&folder, &expected);
    for jobs in ["1", "7", "1000000000"] {
        let output = PIPELINE.run(&folder, ["--jobs", jobs, "."]);
        assert_eq!(text(&output.stdout), expected);
    }
}

#[test]
fn large_files_are_right_wherever_they_are_cut() {
    let folder = Folder::new();
    let mut content = String::new();
    for number in 0..300_000_usize {
        let length = number * 7919 % 23;
        content.extend((0..length).map(|place| char::from(b'A' + (length * place % 26) as u8)));
        content.push(' ');
    }
    folder.file("large", &content);
    counts(&folder, &expected(&[content.as_bytes()]));
}

#[test]
fn a_word_of_megabytes_is_one_word() {
    let folder = Folder::new();
    let word = "Ab".repeat(3 << 19);
    let content = format!("{word} {word}\n{word}");
    folder.file("long", &content);
    counts(&folder, &expected(&[content.as_bytes()]));
}

/// Checks a NUL in a small file and at the end of a large one: the whole file has to be read.
#[test]
fn binary_files_are_left_out() {
    let folder = Folder::new();
    folder.file("text", "word \u{e9}\u{7f}\u{1}word");
    folder.file("small", "word\0word");
    let mut large = b"word ".repeat(400_000);
    large.push(0);
    folder.file("large", large);
    counts(&folder, "      2 word\n");
}

#[test]
fn a_file_can_be_given() {
    let folder = Folder::new();
    folder.file("a", "word");
    folder.file("b", "other");
    let output = PIPELINE.run(&folder, ["a"]);
    assert_eq!(text(&output.stdout), "      1 word\n");
}

#[test]
fn where_there_is_no_word_nothing_is_printed() {
    let folder = Folder::new();
    counts(&folder, "");
    folder.file("empty", "");
    folder.file("numbers", "1 2 3");
    counts(&folder, "");
}

/// Uses a tree that is deeper than the number of directories that the program keeps open.
#[test]
fn deep_trees_are_walked() {
    let folder = Folder::new();
    for depth in 0..100 {
        folder.file(format!("{}file", "d/".repeat(depth)), "word");
        fs::create_dir_all(folder.path().join(format!("{}e", "d/".repeat(depth)))).unwrap();
    }
    counts(&folder, "    100 word\n");
}

#[test]
fn a_missing_path_says_what_is_wrong() {
    let folder = Folder::new();
    for backend in BACKENDS {
        let output = PIPELINE.run(&folder, ["--backend", backend, "not-there"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        let errors = error_lines(&output);
        assert!(errors[0].starts_with("pipeline: not-there: "), "{errors:?}");
        assert_eq!(errors[1..], ["pipeline: 1 path could not be read"]);
    }
}

#[test]
fn wrong_command_lines_say_what_is_wrong() {
    let folder = Folder::new();
    PIPELINE.fails_with(&folder, ["--jobs", "0", "."], "at least 1 job");
    PIPELINE.fails_with(&folder, ["--jobs", "some", "."], "not a number");
    PIPELINE.fails_with(&folder, [], "no DIR");
    PIPELINE.fails_with(&folder, [".", "."], "more than one DIR");
    PIPELINE.fails_with(&folder, ["--fast", "."], "--fast");
    let backends = "`tokio`, `smol`, `async-std`";
    PIPELINE.fails_with(&folder, ["--backend", "tokyo", "."], backends);
}

#[test]
fn help_is_printed() {
    let output = PIPELINE.run(&Folder::new(), ["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Usage: pipeline"));
}
