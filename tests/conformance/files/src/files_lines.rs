//! Lines and pieces of files: FS-02, F11.

use std::io;

use anyrt_core::fs::File;

use crate::cancel_everywhere::cancel_everywhere;
use crate::disk as fs;
use crate::erased::{Backend, R};
use crate::folder::Folder;
use crate::support::run;

async fn all(path: &std::path::Path) -> Vec<Result<String, io::ErrorKind>> {
    let mut lines = File::<R>::open(path).await.unwrap().lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next().await {
        all.push(line.map_err(|error| error.kind()));
    }
    all
}

/// FS-02, F11: lines are returned without `\n` or `\r\n`, and the last one even without a line end; a line
/// that is not UTF-8 is an error, and the following lines are unaffected.
pub fn lines_come_without_their_ends(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        let path = folder.file("file", b"one\r\n\ntwo\rhalf\n\xff\xfe\n\xc3\xa9\nlast");
        let ok = |text: &str| Ok(text.to_owned());
        let bad = Err(io::ErrorKind::InvalidData);
        let expected = [ok("one"), ok(""), ok("two\rhalf"), bad, ok("é"), ok("last")];
        assert_eq!(all(&path).await, expected);
        assert_eq!(all(&folder.file("empty", "")).await, []);
        assert_eq!(
            all(&folder.file("ended", "a\nb\n")).await,
            [ok("a"), ok("b")]
        );
        // A `\r` belongs to a line end only before `\n`.
        assert_eq!(
            all(&folder.file("returns", "a\r\r\nb\r")).await,
            [ok("a\r"), ok("b\r")]
        );
    });
}

/// F11: the two bytes of a line's end may be read in different hops, and so may the bytes of a character.
pub fn a_line_end_may_lie_across_hops(backend: &Backend) {
    let folder = Folder::new();
    run(backend, async {
        for hop in [16 << 10, 48 << 10] {
            for shift in 0..3 {
                let first = "x".repeat(hop - 2 + shift);
                let path = folder.file("file", format!("{first}\r\né\r\n"));
                assert_eq!(all(&path).await, [Ok(first), Ok("é".to_owned())]);
            }
        }
    });
}

/// F11: a line that is too long is an error, and is not kept; the next line is returned.
pub fn long_lines_can_be_refused(backend: &Backend) {
    let folder = Folder::new();
    let long = "x".repeat(1_000_000);
    let path = folder.file("file", format!("12345\r\n123456\n{long}\n1234\n{long}"));
    run(backend, async {
        let mut lines = File::<R>::open(&path).await.unwrap().lines().max_length(5);
        let mut next = async || lines.next().await.map(|line| line.map_err(|e| e.kind()));
        let bad = Some(Err(io::ErrorKind::InvalidData));
        assert_eq!(next().await, Some(Ok("12345".to_owned())));
        assert_eq!(next().await, bad);
        assert_eq!(next().await, bad);
        assert_eq!(next().await, Some(Ok("1234".to_owned())));
        assert_eq!(next().await, bad);
        assert_eq!(next().await, None);
    });
}

/// F11: pieces are bytes; a file that grows has more lines.
pub fn pieces_are_split_at_any_byte(backend: &Backend) {
    let folder = Folder::new();
    let path = folder.file("file", b"a\xff\0\0b");
    run(backend, async {
        let mut pieces = File::<R>::open(&path).await.unwrap().split(0);
        assert_eq!(pieces.next().await.unwrap().unwrap(), b"a\xff");
        assert_eq!(pieces.next().await.unwrap().unwrap(), b"");
        assert_eq!(pieces.next().await.unwrap().unwrap(), b"b");
        assert!(pieces.next().await.is_none());
        fs::append(&path, b"c\0").unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap(), b"c");
        assert!(pieces.next().await.is_none());
    });
}

/// F11: wherever waiting for lines is cancelled, none is lost.
pub fn a_cancelled_line_is_not_lost(backend: &Backend) {
    let folder = Folder::new();
    let expected: Vec<_> = (0..6).map(|n| n.to_string().repeat(9000 * n + 1)).collect();
    let path = folder.file("file", expected.join("\n"));
    cancel_everywhere(
        backend,
        async |cut| {
            let mut lines = File::<R>::open(&path).await.unwrap().lines();
            let mut found = Vec::new();
            cut.apply(async {
                while let Some(line) = lines.next().await {
                    found.push(line.unwrap());
                }
            })
            .await;
            while let Some(line) = lines.next().await {
                found.push(line.unwrap());
            }
            assert!(found == expected);
        },
        |_, ()| {},
    );
}

anyrt_conformance_kit::cases! { files_lines: erased [Process],
    lines_come_without_their_ends,
    a_line_end_may_lie_across_hops,
    long_lines_can_be_refused,
    pieces_are_split_at_any_byte,
    a_cancelled_line_is_not_lost,
}
