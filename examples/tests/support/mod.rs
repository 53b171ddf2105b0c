//! Folders to work on, the programs, and their clients.

#![allow(dead_code, reason = "each test file uses some of it")]
#![expect(clippy::unwrap_used, reason = "this is test code")]

#[cfg(unix)]
pub(crate) mod clients;
#[cfg(unix)]
pub(crate) mod service;
#[cfg(unix)]
pub(crate) mod stage;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) const BACKENDS: [&str; 3] = ["tokio", "smol", "async-std"];

/// A unique folder, removed when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = path.join(format!("example-{}-{count}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One of the programs.
pub(crate) struct Program {
    name: &'static str,
    path: &'static str,
}

#[cfg(unix)]
pub(crate) const BATCH: Program = Program {
    name: "batch",
    path: env!("CARGO_BIN_EXE_batch"),
};

pub(crate) const DIGEST: Program = Program {
    name: "digest",
    path: env!("CARGO_BIN_EXE_digest"),
};

#[cfg(unix)]
pub(crate) const KV: Program = Program {
    name: "kv",
    path: env!("CARGO_BIN_EXE_kv"),
};

pub(crate) const PIPELINE: Program = Program {
    name: "pipeline",
    path: env!("CARGO_BIN_EXE_pipeline"),
};

pub(crate) const PROXY: Program = Program {
    name: "proxy",
    path: env!("CARGO_BIN_EXE_proxy"),
};

pub(crate) const RENDER: Program = Program {
    name: "render",
    path: env!("CARGO_BIN_EXE_render"),
};

pub(crate) const SERVE: Program = Program {
    name: "serve",
    path: env!("CARGO_BIN_EXE_serve"),
};

impl Program {
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    pub(crate) fn command<const N: usize>(&self, folder: &Folder, args: [&str; N]) -> Command {
        let mut command = Command::new(self.path);
        command
            .args(args)
            .current_dir(folder.path())
            .env_remove("ANYRT_BACKEND")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<const N: usize>(&self, folder: &Folder, args: [&str; N]) -> Output {
        self.command(folder, args).output().unwrap()
    }

    /// Checks that the command line is refused with this text, and a hint at the help.
    #[track_caller]
    pub(crate) fn fails_with<const N: usize>(
        &self,
        folder: &Folder,
        args: [&str; N],
        expected: &str,
    ) {
        let output = self.run(folder, args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(output.stdout, b"");
        let errors = text(&output.stderr);
        assert!(errors.contains(expected), "{errors}");
        let hint = format!("{} --help", self.name);
        assert!(errors.contains(&hint), "{errors}");
    }
}

/// The output of a program that was interrupted at work.
pub(crate) struct Interrupted {
    /// The line of errors after which it was interrupted.
    pub(crate) first: String,
    pub(crate) rest: String,
    pub(crate) stdout: Vec<u8>,
}

impl Program {
    /// Sends SIGINT once there is a line of errors, and waits for the end, which has to follow soon.
    #[track_caller]
    pub(crate) fn interrupted<const N: usize>(
        &self,
        folder: &Folder,
        args: [&str; N],
    ) -> Interrupted {
        let mut child = self.command(folder, args).spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        errors.read_line(&mut first).unwrap();

        let start = Instant::now();
        signal(&child, "INT");
        let mut rest = String::new();
        errors.read_to_string(&mut rest).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "it waits for a turn, not for a file"
        );
        assert_eq!(output.status.code(), Some(130), "{rest}");
        Interrupted {
            first,
            rest,
            stdout: output.stdout,
        }
    }
}

/// Sends a signal, with its name without the `SIG`.
pub(crate) fn signal(child: &Child, name: &str) {
    let mut kill = Command::new("kill");
    kill.args([&format!("-{name}"), &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
}

/// Returns whether tests that repeat something have to take all their steps.
pub(crate) fn is_long() -> bool {
    env::var_os("ANYRT_LONG_TESTS").is_some_and(|value| value == "1")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

pub(crate) fn error_lines(output: &Output) -> Vec<&str> {
    text(&output.stderr).lines().collect()
}
