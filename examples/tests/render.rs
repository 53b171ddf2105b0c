//! The program `render`, run as a process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use image::{ImageFormat, ImageReader, Rgb, RgbImage};

use self::support::{BACKENDS, Folder, RENDER, error_lines, signal, text};

/// Returns an image with different colours, encoded.
fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x % 251) as u8, (y % 241) as u8, (x * y % 239) as u8])
    });
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

/// Returns a PNG with a header for this number of pixels, and no more data.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(1, 1, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    // The checksum of the header, bit by bit.
    let mut checksum = u32::MAX;
    for byte in &bytes[12..29] {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = checksum & 1 == 1;
            checksum = (checksum >> 1) ^ if is_odd { 0xedb8_8320 } else { 0 };
        }
    }
    bytes[29..33].copy_from_slice(&(!checksum).to_be_bytes());
    bytes
}

fn size_of(image: &Path) -> (ImageFormat, u32, u32) {
    let reader = ImageReader::open(image).unwrap().with_guessed_format();
    let reader = reader.unwrap();
    let format = reader.format().unwrap();
    let (width, height) = reader.into_dimensions().unwrap();
    (format, width, height)
}

#[track_caller]
fn succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn thumbnails_have_the_name_the_format_and_the_shape_of_their_images() {
    for backend in BACKENDS {
        let folder = Folder::new();
        folder.file("wide.png", encoded(600, 300, ImageFormat::Png));
        folder.file("below/tall.jpg", encoded(200, 800, ImageFormat::Jpeg));
        folder.file("small.png", encoded(3, 2, ImageFormat::Png));
        // The content decides the format, not the name.
        folder.file("odd.png", encoded(512, 512, ImageFormat::Jpeg));
        let name = OsStr::from_bytes(b"not\xffutf-8\n.png");
        folder.file(name, encoded(300, 300, ImageFormat::Png));
        let args = ["--backend", backend, "--out", "new/out"];
        let mut command = RENDER.command(&folder, args);
        command.args(["wide.png", "below/tall.jpg", "small.png", "odd.png"]);
        let output = command.arg(name).output().unwrap();
        succeeds(&output);
        let out = folder.path().join("new/out");
        let found = |name: &str| size_of(&out.join(name));
        assert_eq!(found("wide.png"), (ImageFormat::Png, 256, 128));
        assert_eq!(found("tall.jpg"), (ImageFormat::Jpeg, 64, 256));
        assert_eq!(found("odd.png"), (ImageFormat::Jpeg, 256, 256));
        assert_eq!(size_of(&out.join(name)).1, 256);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 5);
        let lines = error_lines(&output);
        let [summary] = &lines[..] else {
            panic!("{lines:?}");
        };
        let start = "render: 5 of 5 thumbnails made, 0 failed, in ";
        assert!(summary.starts_with(start), "{summary}");
        assert!(summary.contains("; the slowest was "), "{summary}");
    }
}

#[test]
fn a_broken_image_costs_that_image_alone() {
    for backend in BACKENDS {
        let folder = Folder::new();
        let whole = encoded(400, 400, ImageFormat::Png);
        folder.file("truncated.png", &whole[..whole.len() / 2]);
        let jpeg = encoded(400, 400, ImageFormat::Jpeg);
        folder.file("truncated.jpg", &jpeg[..300]);
        folder.file("text.png", "not an image");
        folder.file("huge.png", png_header(60_000, 60_000));
        for number in 0..4 {
            folder.file(format!("good-{number}.png"), &whole);
        }
        let mut command = RENDER.command(&folder, ["-b", backend, "-j", "2", "-o", "out"]);
        command.args(["good-0.png", "truncated.png", "huge.png", "good-1.png"]);
        command.args(["text.png", "missing.png", "good-2.png", "truncated.jpg"]);
        let output = command.arg("good-3.png").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let lines = error_lines(&output);
        let about = |name: &str| {
            let start = format!("render: {name}: ");
            let found = lines.iter().find_map(|line| line.strip_prefix(&*start));
            found.unwrap_or_else(|| panic!("{name}: {lines:?}"))
        };
        assert!(!about("truncated.png").is_empty());
        assert!(!about("truncated.jpg").is_empty());
        assert!(about("text.png").contains("not an image"));
        assert!(about("missing.png").contains("No such file"));
        assert!(about("huge.png").contains("needs more memory than is allowed"));
        assert_eq!(lines.len(), 7, "{lines:?}");
        assert!(lines[5].starts_with("render: 4 of 9 thumbnails made, 5 failed, in "));
        let out = folder.path().join("out");
        let mut made: Vec<_> = fs::read_dir(out)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        made.sort_by_key(|entry| entry.file_name());
        let names: Vec<_> = made.iter().map(|entry| entry.file_name()).collect();
        assert_eq!(
            names,
            ["good-0.png", "good-1.png", "good-2.png", "good-3.png"]
        );
    }
}

#[test]
fn originals_and_thumbnails_are_not_replaced() {
    let folder = Folder::new();
    let image = encoded(300, 300, ImageFormat::Png);
    folder.file("a.png", &image);
    folder.file("below/a.png", &image);
    let output = RENDER.run(&folder, ["--out", ".", "a.png"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_lines(&output)[0].contains("would replace this image"));
    assert_eq!(fs::read(folder.path().join("a.png")).unwrap(), image);

    let output = RENDER.run(&folder, ["--out", "out", "a.png", "below/a.png", ".."]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("below/a.png: another image has this name"),
        "{errors}"
    );
    assert!(
        errors.contains("..: this is not the name of a file"),
        "{errors}"
    );
    assert_eq!(size_of(&folder.path().join("out/a.png")).1, 256);
}

#[test]
fn the_size_and_the_memory_may_be_chosen() {
    let folder = Folder::new();
    folder.file("a.png", encoded(300, 200, ImageFormat::Png));
    succeeds(&RENDER.run(&folder, ["-o", "out", "--size", "30", "a.png"]));
    let (_, width, height) = size_of(&folder.path().join("out/a.png"));
    assert_eq!((width, height), (30, 20));

    // 300 MB, and a file that ends too soon.
    folder.file("b.png", png_header(10_000, 10_000));
    for (memory, needs_more) in [("100", true), ("1024", false)] {
        let output = RENDER.run(&folder, ["-o", "out", "--memory", memory, "b.png"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let errors = text(&output.stderr);
        assert_eq!(errors.contains("more memory"), needs_more, "{errors}");
    }
}

#[test]
fn what_cannot_be_written_ends_it() {
    let folder = Folder::new();
    folder.file("a.png", encoded(30, 20, ImageFormat::Png));
    folder.file("out", "no folder");
    for backend in BACKENDS {
        let output = RENDER.run(&folder, ["-b", backend, "-o", "out", "a.png"]);
        assert_eq!(output.status.code(), Some(1));
        let lines = error_lines(&output);
        assert!(
            lines[0].starts_with("render: cannot write the output: "),
            "{lines:?}"
        );
    }
}

#[test]
fn the_command_line_is_checked() {
    let folder = Folder::new();
    RENDER.fails_with(&folder, ["--out", "out"], "no IMAGE was given");
    RENDER.fails_with(&folder, ["a.png"], "no folder was given with --out");
    RENDER.fails_with(&folder, ["-o", "out", "-j", "0", "a.png"], "at least 1 job");
    RENDER.fails_with(&folder, ["-o", "out", "-s", "x", "a.png"], "not a number");
    RENDER.fails_with(&folder, ["--outer"], "outer");
    let output = RENDER.run(&folder, ["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Usage: render [OPTIONS] --out DIR IMAGE..."));
}

/// Returns the processes with this parent.
fn children(parent: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for process in fs::read_dir("/proc").unwrap() {
        let path: PathBuf = process.unwrap().path();
        let id = path.file_name().and_then(OsStr::to_str);
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let found = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.split(' ').nth(1));
        if found.and_then(|found| found.parse().ok()) == Some(parent) {
            children.push(id);
        }
    }
    children
}

#[test]
fn ctrl_c_leaves_no_worker_behind() {
    if !Path::new("/proc/self/stat").exists() {
        return;
    }
    for backend in BACKENDS {
        let folder = Folder::new();
        // A named pipe that is never written: its workers wait for it.
        for name in ["a.png", "b.png"] {
            let status = Command::new("mkfifo")
                .arg(folder.path().join(name))
                .status();
            assert!(status.unwrap().success());
        }
        let mut command = RENDER.command(&folder, ["-b", backend, "-j", "2", "-o", "out"]);
        let mut program = command.args(["a.png", "b.png"]).spawn().unwrap();
        let start = Instant::now();
        let workers = loop {
            let workers = children(program.id());
            if workers.len() == 2 {
                break workers;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "they are started"
            );
            thread::sleep(Duration::from_millis(1));
        };
        signal(&program, "INT");
        let mut errors = String::new();
        let mut stderr = program.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        assert_eq!(program.wait().unwrap().code(), Some(130), "{errors}");
        assert_eq!(
            errors,
            "render: interrupted: 0 of 2 thumbnails made, 0 failed\n"
        );
        for worker in workers {
            assert!(
                !Path::new(&format!("/proc/{worker}")).exists(),
                "it is reaped"
            );
        }
    }
}
