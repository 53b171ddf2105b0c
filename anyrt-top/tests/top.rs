//! The program, against real programs on each backend. Those are this test, started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyrt::{Backend, GroupOptions};

/// The variable that is set in the programs: they wait until their input ends.
const CHILD: &str = "ANYRT_TEST_CHILD";

/// A folder that is removed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = format!("anyrt-top-{name}-{}", std::process::id());
        let folder = env::temp_dir().join(folder);
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A program that serves its monitor.
struct Program(Child);

impl Program {
    fn start(backend: Backend, folder: &Folder, monitor: &str) -> Program {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env(CHILD, "yes")
            .env("ANYRT_BACKEND", backend.to_string())
            .env("XDG_RUNTIME_DIR", &folder.0)
            .env("ANYRT_MONITOR", monitor)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("begun") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "it has ended");
        }
        process.stdout = Some(output.into_inner());
        Program(process)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let mut rest = String::new();
        self.0
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

/// Returns the backends with sockets that other programs can reach.
fn backends() -> impl Iterator<Item = Backend> {
    let all = Backend::available().iter().copied();
    all.filter(|backend| *backend != Backend::Sim)
}

/// The program itself.
#[test]
fn program() {
    if env::var_os(CHILD).is_some() {
        let group = GroupOptions::new().name("workers").run(async |tg| {
            for number in 0..3 {
                let name = format!("worker {number}");
                tg.task().name(name).spawn(anyrt::sleep_forever());
            }
            println!("begun");
            let end = || io::stdin().read_to_end(&mut Vec::new());
            anyrt::to_thread::run(end).await?;
            tg.cancel();
            Ok::<_, io::Error>(())
        });
        anyrt::run(group).unwrap();
    }
}

/// Runs anyrt-top. Returns its output, and its errors; one of them is empty.
fn top(folder: &Folder, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_anyrt-top"))
        .args(arguments)
        .env("XDG_RUNTIME_DIR", &folder.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.success(), stderr.is_empty(), "{stderr}");
    (stdout, stderr)
}

fn once(folder: &Folder, target: &str, arguments: &[&str]) -> String {
    let (stdout, stderr) = top(folder, &[&["--once", target], arguments].concat());
    assert_eq!(stderr, "");
    stdout
}

#[test]
fn once_prints_the_tree_of_a_program_on_each_backend() {
    let folder = Folder::new("once");
    for backend in backends() {
        let program = Program::start(backend, &folder, "1");
        let process = program.0.id().to_string();
        // Ends when every task waits.
        let text = loop {
            let text = once(&folder, &process, &[]);
            let waits = text.matches("cancellation").count();
            if waits == 3 && text.contains("a worker thread") {
                break text;
            }
        };
        let lines: Vec<_> = text.lines().collect();
        let heading = format!("process {process}, on {backend}: ");
        assert!(lines[0].contains(&heading), "{text}");
        assert!(lines[1].contains("STATE") && lines[1].ends_with("NAME"));
        let line = |end: &str| {
            let found = lines.iter().find(|line| line.ends_with(end));
            *found.unwrap_or_else(|| panic!("no {end} in\n{text}"))
        };
        assert!(line(" main").contains("a worker thread"), "{text}");
        line("─ group workers");
        assert!(line("├─ worker 0").contains("waiting"), "{text}");
        assert!(line("└─ worker 2").contains("cancellation"), "{text}");
        // A list, sorted and filtered.
        let list = once(
            &folder,
            &process,
            &["--flat", "--filter", "WORKER ", "--sort", "name"],
        );
        let names = list
            .lines()
            .skip(2)
            .map(|line| line.split_at(line.len() - 8).1);
        let names: Vec<_> = names.filter(|name| name.starts_with("worker")).collect();
        assert_eq!(names, ["worker 0", "worker 1", "worker 2"], "{list}");
        // The list of programs.
        let (programs, _) = top(&folder, &[]);
        let own = programs
            .lines()
            .find(|line| line.trim_start().starts_with(&process));
        assert!(
            own.is_some_and(|own| own.contains(&backend.to_string())),
            "{programs}"
        );
    }
}

#[test]
fn a_path_is_a_target_too() {
    let folder = Folder::new("path");
    let path = folder.0.join("own.sock");
    let path = path.to_str().unwrap();
    for backend in backends() {
        let _program = Program::start(backend, &folder, path);
        // Ends when the tasks have been spawned.
        while !once(&folder, path, &[]).contains("worker 1") {}
    }
}

#[test]
fn errors_say_what_to_do() {
    let folder = Folder::new("errors");
    let stale = folder.0.join("stale.sock");
    drop(UnixListener::bind(&stale).unwrap());
    assert!(UnixStream::connect(&stale).is_err());
    let stranger = folder.0.join("stranger.sock");
    let listener = UnixListener::bind(&stranger).unwrap();
    std::thread::spawn(move || {
        // Ends with this test.
        for client in listener.incoming() {
            io::Write::write_all(&mut client.unwrap(), b"220 mail\n").unwrap();
        }
    });
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    for (arguments, expected) in [
        (
            vec!["--once".to_owned(), "999999999".into()],
            "ANYRT_MONITOR=1",
        ),
        (
            vec![text(&folder.0.join("none.sock"))],
            "cannot be connected to",
        ),
        (vec![text(&stale)], "a program that has ended"),
        (vec![text(&stranger)], "not JSON"),
        (vec!["--nothing".into()], "--help"),
    ] {
        let arguments: Vec<_> = arguments.iter().map(|text| &**text).collect();
        let (stdout, stderr) = top(&folder, &arguments);
        assert_eq!(stdout, "");
        assert!(stderr.starts_with("anyrt-top: "), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let program = Program::start(Backend::available()[0], &folder, "1");
    let (_, stderr) = top(&folder, &[&program.0.id().to_string()]);
    assert!(stderr.contains("not a terminal: use --once"), "{stderr}");
    let (help, _) = top(&folder, &["--help"]);
    assert!(help.contains("usage: anyrt-top"));
}
