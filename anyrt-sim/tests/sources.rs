//! The clocks, threads, files, sockets, processes and random numbers of the system, in the sources of the library:
//! a simulation cannot replace what does not pass through the backend, so only the files of a list use them.
//!
//! The files of `core`, the facade and the simulation are read, without comments and unit tests. The backends
//! for tokio, smol and async-std are the place for the system.
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Something of the system, by the paths that give access to it.
struct Access {
    name: &'static str,
    paths: &'static [&'static str],
    /// Types that only describe something.
    harmless: &'static [&'static str],
    /// The files or folders that may use it, each with the reason.
    rooms: &'static [(&'static str, &'static str)],
}

const ALL: &[Access] = &[
    Access {
        name: "the clock",
        paths: &["Instant::now", "SystemTime::now"],
        harmless: &[],
        rooms: &[
            (
                "anyrt/src/interop/clock.rs",
                "an anchor: only differences to it are used; the time on threads without a runtime",
            ),
            (
                "anyrt-core/src/disk/paths.rs",
                "sets the times of a file of the system",
            ),
            (
                "anyrt-sim/src/seeds",
                "measures and limits runs over seeds from outside",
            ),
            (
                "anyrt-sim/src/shared.rs",
                "the start of a scaled clock, which follows real time",
            ),
            (
                "anyrt-sim/src/shrink/mod.rs",
                "limits shrinking from outside",
            ),
        ],
    },
    Access {
        name: "threads",
        paths: &[
            "thread::spawn",
            "thread::scope",
            "thread::Builder",
            "thread::sleep",
            "thread::park",
            "thread::park_timeout",
            "thread::yield_now",
            "thread::JoinHandle",
        ],
        harmless: &[],
        rooms: &[
            (
                "anyrt-core/src/loom.rs",
                "std's threads and loom's under one name",
            ),
            (
                "anyrt-core/src/process",
                "waits for a process of the system",
            ),
            (
                "anyrt-core/src/runtime/park.rs",
                "parks where the backend lends no thread",
            ),
            (
                "anyrt-core/src/temp/dir.rs",
                "removes a folder in a destructor, which tries again",
            ),
            (
                "anyrt-core/src/thread/own_run.rs",
                "a portal with a run of its own; refused in simulations",
            ),
            (
                "anyrt-core/src/to_process/os/serving.rs",
                "in a worker process, which has no runtime",
            ),
            ("anyrt-sim/src/seeds", "each seed has a new thread"),
            (
                "anyrt-sim/src/threads.rs",
                "the threads of a simulation, which run one at a time",
            ),
        ],
    },
    Access {
        name: "files",
        paths: &["std::fs", "rustix::fs", "tempfile"],
        harmless: &[
            "std::fs::Metadata",
            "std::fs::Permissions",
            "std::fs::FileType",
        ],
        rooms: &[
            (
                "anyrt-core/src/disk",
                "the files of the system, for backends without their own",
            ),
            (
                "anyrt-core/src/fs/file",
                "files of the system that a program hands over",
            ),
            (
                "anyrt-core/src/fs/options.rs",
                "options that only files of the system have",
            ),
            (
                "anyrt-core/src/monitor/place.rs",
                "the folder of the sockets of monitors, for programs that look for them",
            ),
            (
                "anyrt-core/src/net/os",
                "the files of Unix sockets of the system",
            ),
            ("anyrt-core/src/process", "programs and pipes of the system"),
            (
                "anyrt-core/src/signals/os",
                "reads which signals are blocked",
            ),
            (
                "anyrt-core/src/stream/file",
                "files of the system that a program hands over",
            ),
            (
                "anyrt-core/src/role/windows.rs",
                "the file by which a worker process recognizes itself",
            ),
            ("anyrt-core/src/to_process", "pipes of worker processes"),
            ("anyrt-sim/src/timeline", "the page of a run"),
        ],
    },
    Access {
        name: "sockets",
        paths: &[
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::net::ToSocketAddrs",
            "std::os::unix::net",
            "rustix::net",
            "socket2",
        ],
        harmless: &[],
        rooms: &[
            (
                "anyrt/src/interop/quinn",
                "sockets of the standard library that a program hands over, refused in a simulation",
            ),
            (
                "anyrt-core/src/monitor/peer",
                "the user behind a socket of the system",
            ),
            (
                "anyrt-core/src/net/lookup.rs",
                "looks names up for backends with sockets of the system",
            ),
            (
                "anyrt-core/src/net/os",
                "sockets of the system, for the backends that use them",
            ),
            (
                "anyrt-core/src/net/winsock",
                "sockets of Windows, for the backends that use them",
            ),
            (
                "anyrt-core/src/net/stream/descriptors",
                "descriptors that are passed to processes",
            ),
            (
                "anyrt-core/src/role/unix.rs",
                "the socket between a program and its worker process",
            ),
            (
                "anyrt-core/src/testing/ports.rs",
                "free ports of the system, for tests that need them",
            ),
            (
                "anyrt-core/src/to_process",
                "the socket between a program and its worker process",
            ),
        ],
    },
    Access {
        name: "processes",
        paths: &[
            "std::process::Command",
            "std::process::Child",
            "std::os::unix::process",
            "rustix::process",
        ],
        harmless: &[],
        rooms: &[
            ("anyrt-core/src/monitor", "the user of this process"),
            ("anyrt-core/src/process", "processes of the system"),
            (
                "anyrt-core/src/role/unix.rs",
                "a worker process ends with its parent",
            ),
            ("anyrt-core/src/signals/signal.rs", "the numbers of signals"),
            ("anyrt-core/src/to_process", "worker processes"),
            (
                "anyrt-sim/src/programs/state.rs",
                "the statuses of simulated programs",
            ),
        ],
    },
    Access {
        name: "randomness",
        paths: &[
            "fastrand",
            "getrandom",
            "rand",
            "RandomState",
            "HashMap",
            "HashSet",
            "rustls::crypto",
        ],
        harmless: &[],
        rooms: &[
            (
                "anyrt-core/src/disk/unique.rs",
                "names of temporary files of the system",
            ),
            (
                "anyrt-core/src/tls/client.rs",
                "the cryptography of ring, whose keys have no other source",
            ),
            (
                "anyrt-core/src/to_process/registry.rs",
                "a map that is never iterated",
            ),
            (
                "anyrt-core/src/to_process/windows/channel.rs",
                "the secret by which a worker process proves itself",
            ),
            (
                "anyrt/src/ambient/absent.rs",
                "without a backend nothing runs",
            ),
            (
                "anyrt/src/ambient/spawn.rs",
                "outside of simulations, as the backends choose",
            ),
        ],
    },
];

/// Returns the folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The paths that each source mentions, by its own path from the root.
type Sources = BTreeMap<String, Vec<String>>;

/// Reads the sources that are checked.
fn sources() -> Sources {
    let root = root();
    let mut folders: Vec<PathBuf> = ["anyrt-core/src", "anyrt/src", "anyrt-sim/src"]
        .map(|folder| root.join(folder))
        .into();
    let mut sources = BTreeMap::new();
    // Ends: folders do not contain themselves.
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !name.contains("tests") && !name.ends_with("/models.rs") {
                let text = fs::read_to_string(path).unwrap();
                sources.insert(name, mentioned(&code(&text)));
            }
        }
    }
    sources
}

/// Returns the code without comments, and without the unit tests at the end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = text.lines();
    let lines: Vec<&str> = lines.map(|line| line.split("//").next().unwrap()).collect();
    lines.join("\n")
}

/// Returns the paths of a tree of imports, such as `a::{b, c::d as e}`, each with the name that it gets.
fn paths(tree: &str) -> Vec<(String, String)> {
    let Some((prefix, rest)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let last = path.rsplit("::").next().unwrap();
        let name = if name.is_empty() { last } else { name };
        return vec![(path.trim().to_owned(), name.trim().to_owned())];
    };
    let (inside, _) = rest
        .rsplit_once('}')
        .unwrap_or_else(|| panic!("{tree:?} is not an import"));
    let (mut depth, mut start) = (0, 0);
    let mut branches = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&inside[start..]);
    branches.retain(|branch| !branch.trim().is_empty());
    let prefix = prefix.trim();
    let whole = prefix.trim_end_matches("::");
    let paths = branches.into_iter().flat_map(paths);
    let paths = paths.map(|(path, name)| match (path.as_str(), name.as_str()) {
        ("self", "self") => (
            whole.to_owned(),
            whole.rsplit("::").next().unwrap().to_owned(),
        ),
        ("self", _) => (whole.to_owned(), name),
        _ => (format!("{prefix}{path}"), name),
    });
    paths.collect()
}

/// Returns every path in the code: those of its imports, and the others with what their names were imported for.
fn mentioned(code: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut rest = String::new();
    let mut names = BTreeMap::new();
    let mut mentioned = Vec::new();
    for statement in code.split_inclusive(';') {
        let import = statement.rfind("use ").filter(|&at| {
            let before = statement[..at].trim_end_matches(' ');
            let begins =
                before.is_empty() || before.ends_with(['\n', '{']) || before.ends_with("pub");
            // A line of a message may begin with the same word.
            let is_tree = |c: char| is_part(c) || "{}*,; \n".contains(c);
            begins && statement[at..].chars().all(is_tree)
        });
        match import {
            Some(at) if statement.ends_with(';') => {
                let tree = statement[at + 4..].trim_end_matches(';').replace('\n', " ");
                for (path, name) in paths(&tree) {
                    mentioned.push(path.clone());
                    names.insert(name, path);
                }
                rest.push_str(&statement[..at]);
            }
            _ => rest.push_str(statement),
        }
    }
    let words = rest
        .split(|c: char| !is_part(c))
        .filter(|word| !word.is_empty());
    mentioned.extend(words.map(|word| {
        let (first, rest) = word.split_once("::").unwrap_or((word, ""));
        match names.get(first) {
            Some(path) => format!("{path}::{rest}"),
            None => word.to_owned(),
        }
    }));
    mentioned
}

impl Access {
    /// Returns whether a path, or the end of one, gives access.
    fn is_by(&self, path: &str) -> bool {
        let contains = |outer: &str, inner: &str| {
            let (outer, inner) = (format!("::{outer}::"), format!("::{inner}::"));
            outer.contains(&inner)
        };
        let is_harmless = self
            .harmless
            .iter()
            .any(|harmless| contains(path, harmless));
        !is_harmless && self.paths.iter().any(|wanted| contains(path, wanted))
    }

    /// Returns the files that use it, each with a path that does.
    fn users<'a>(&self, sources: &'a Sources) -> BTreeMap<&'a str, &'a str> {
        let users = sources.iter().filter_map(|(file, mentioned)| {
            let path = mentioned.iter().find(|path| self.is_by(path));
            Some((file.as_str(), path?.as_str()))
        });
        users.collect()
    }
}

/// Returns whether a file is the room, or in it.
fn is_in(file: &str, room: &str) -> bool {
    let rest = file.strip_prefix(room);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn only_the_files_of_the_list_use_the_system() {
    let sources = sources();
    assert!(sources.len() > 100, "the sources are not where they were");
    let mut others = Vec::new();
    for access in ALL {
        for (file, path) in access.users(&sources) {
            if !access.rooms.iter().any(|(room, _)| is_in(file, room)) {
                others.push(format!(
                    "{file} uses {} of the system: `{path}`",
                    access.name
                ));
            }
        }
    }
    assert!(
        others.is_empty(),
        "a simulation does not control this; use the backend, or add the file to the list with a reason:\n{}",
        others.join("\n")
    );
}

#[test]
fn every_entry_of_the_list_is_needed() {
    let sources = sources();
    for access in ALL {
        let users = access.users(&sources);
        for (room, reason) in access.rooms {
            let is_used = users.keys().any(|file| is_in(file, room));
            assert!(
                is_used,
                "{room} does not use {} any more ({reason})",
                access.name
            );
        }
    }
}

#[test]
fn uses_are_found_behind_imports_and_not_in_comments() {
    let uses = |text: &str, name: &str| {
        let access = ALL.iter().find(|access| access.name == name).unwrap();
        mentioned(&code(text)).iter().any(|path| access.is_by(path))
    };
    for text in [
        "fn f() { std::thread::spawn(|| ()); }",
        "use std::thread;\n\nfn f() { thread::spawn(|| ()); }",
        "use std::{io, thread::{self as other, Builder}};",
        "use std::thread::{self as threads};\nfn f() { threads::park(); }",
        "fn f() {\n    use std::thread::sleep as wait;\n    wait(LONG);\n}",
    ] {
        assert!(uses(text, "threads"), "{text}");
    }
    for text in [
        "// std::thread::spawn\nfn f() {}",
        "fn f() { tasks.spawn(work); }",
        "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() { std::thread::spawn(f); }\n}",
    ] {
        assert!(!uses(text, "threads"), "{text}");
    }
    assert!(uses("use std::fs::{self, Metadata};", "files"));
    assert!(!uses("use std::fs::{Metadata, Permissions};", "files"));
    assert!(!uses("use crate::fs::call;", "files"));
    assert!(uses(
        "fn f() { std::time::SystemTime::now(); }",
        "the clock"
    ));
    assert!(uses(
        "static MAP: Mutex<HashMap<u8, u8>> = a();",
        "randomness"
    ));
}
