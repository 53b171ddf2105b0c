//! The monitor, as a client sees it, on each backend with sockets of the system.
#![cfg(all(feature = "monitor", unix))]
#![allow(clippy::unwrap_used, reason = "a test says where it failed")]

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyrt::net::{TcpListener, UnixListener};
use anyrt::{Backend, GroupOptions};
use serde_json::Value;

/// The variable that is set in the processes that this program starts: they wait until their input ends.
const CHILD: &str = "ANYRT_TEST_CHILD";

/// A folder that is removed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = format!("anyrt-monitor-{name}-{}", std::process::id());
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

/// A client that blocks.
struct Client {
    send: UnixStream,
    receive: BufReader<UnixStream>,
}

impl Client {
    fn connect(path: &Path) -> Client {
        let send = UnixStream::connect(path).unwrap();
        send.set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let receive = BufReader::new(send.try_clone().unwrap());
        Client { send, receive }
    }

    fn ask(&mut self, line: &str) -> Value {
        // A client that is turned away may find the connection closed, and has an answer nevertheless.
        drop(writeln!(self.send, "{line}"));
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.receive.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn tree(&mut self) -> Vec<Value> {
        nodes(&self.ask(r#"{"get":"tree"}"#))
    }
}

fn nodes(answer: &Value) -> Vec<Value> {
    assert_eq!(answer["type"], "tree");
    assert_eq!(answer["protocol"], 1);
    answer["nodes"].as_array().unwrap().clone()
}

fn named<'a>(nodes: &'a [Value], name: &str) -> &'a Value {
    let found = nodes.iter().find(|node| node["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {nodes:#?}"))
}

/// The backends whose sockets are those of the system.
fn backends() -> impl Iterator<Item = Backend> {
    let all = Backend::available().iter().copied();
    all.filter(|backend| *backend != Backend::Sim)
}

/// Serves a run with some tasks on each backend, while a thread is the client.
fn with_client(test: &str, client: fn(&Path)) {
    let folder = Folder::new(test);
    for backend in backends() {
        let path = folder.0.join(format!("{backend}.sock"));
        let group = GroupOptions::new().name("outer").run(async |tg| {
            let listener = UnixListener::bind(&*path)?;
            tg.spawn(anyrt::task::serve_monitor(listener));
            tg.task()
                .name("sleeper \"1\"")
                .spawn(anyrt::sleep_forever());
            tg.task().name("ticker").spawn(async {
                loop {
                    anyrt::sleep(Duration::from_millis(1)).await;
                }
            });
            let limit = anyrt::CancelScope::new().name("limit");
            let limit = limit.within(Duration::from_secs(3600));
            tg.task().name("limited").spawn(async {
                // A group with a living child holds the scope, so that it is listed.
                let held = anyrt::task_group(async |tg| {
                    tg.spawn(anyrt::sleep_forever());
                    Ok::<_, io::Error>(())
                });
                drop(limit.run(held).await);
            });
            let path = path.clone();
            anyrt::to_thread::run(move || client(&path)).await;
            tg.cancel();
            Ok::<_, io::Error>(())
        });
        anyrt::run_on(backend, group).unwrap();
    }
}

#[test]
fn the_tree_has_tasks_groups_and_scopes() {
    with_client("tree", |path| {
        let mut client = Client::connect(path);
        let nodes = client.tree();
        let main = named(&nodes, "main");
        assert_eq!(main["kind"], "task");
        assert_eq!(main["depth"], 0);
        assert_eq!(main["parent"], Value::Null);
        let outer = named(&nodes, "outer");
        assert_eq!(
            (&outer["kind"], &outer["depth"]),
            (&"group".into(), &1.into())
        );
        assert_eq!(outer["host"], main["id"]);
        assert_eq!(outer["deadline_ms"], Value::Null);
        let sleeper = named(&nodes, "sleeper \"1\"");
        assert_eq!(sleeper["depth"], 2);
        assert_eq!(sleeper["parent"], main["id"]);
        assert_eq!(sleeper["cancelled"], Value::Null);
        // The scope is listed once its task was polled.
        let mut nodes = nodes;
        while !nodes.iter().any(|node| node["name"] == "limit") {
            nodes = client.tree();
        }
        let limit = named(&nodes, "limit");
        assert_eq!(limit["kind"], "scope");
        assert_eq!(limit["shielded"], false);
        let left = limit["deadline_ms"].as_u64().unwrap();
        assert!((3_000_000..=3_600_000).contains(&left), "{left}");
    });
}

#[test]
fn a_watch_sends_trees_in_which_times_and_polls_grow() {
    with_client("watch", |path| {
        let mut client = Client::connect(path);
        let first = nodes(&client.ask(r#"{"watch":"tree","every_ms":50}"#));
        let (mut ticker, mut sleeper) = (0, 0);
        // Ends: the ticker is polled, and time passes.
        while ticker == 0 || sleeper < 100 {
            let next = nodes(&client.answer());
            let polls = |nodes: &[Value]| named(nodes, "ticker")["polls"].as_u64().unwrap();
            ticker = polls(&next) - polls(&first);
            let calm = named(&next, "sleeper \"1\"");
            sleeper = calm["unpolled_ms"].as_u64().unwrap();
            assert!(calm["known_ms"].as_u64().unwrap() >= sleeper);
            assert!(named(&next, "ticker")["unpolled_ms"].as_u64().unwrap() < 60_000);
        }
        // Other requests are answered in between.
        let version = client.ask(r#"{"get":"version"}"#);
        let version = match &version["type"] {
            kind if kind == "version" => version,
            _ => loop {
                let next = client.answer();
                if next["type"] == "version" {
                    break next;
                }
            },
        };
        assert_eq!(version["protocol"], 1);
        assert_eq!(version["pid"], std::process::id());
    });
}

#[test]
fn a_line_that_is_not_a_request_is_refused_and_the_connection_stays() {
    with_client("refused", |path| {
        let mut client = Client::connect(path);
        for line in ["", "tree", "{\"get\":\"all\"}", "[1]", &"x".repeat(4000)] {
            let answer = client.ask(line);
            assert_eq!(answer["type"], "error", "{line}");
            assert!(answer["error"].is_string());
        }
        assert!(!client.tree().is_empty());
        // One that is too long ends it.
        let answer = client.ask(&"x".repeat(4097));
        assert!(answer["error"].as_str().unwrap().contains("4096"));
        let mut rest = Vec::new();
        // The rest of the line was not received, so the system may report a reset.
        drop(client.receive.read_to_end(&mut rest));
        assert!(rest.is_empty());
        // Other clients are served.
        assert!(!Client::connect(path).tree().is_empty());
    });
}

#[test]
fn clients_beyond_the_limit_are_turned_away() {
    with_client("many", |path| {
        let mut clients: Vec<_> = (0..16).map(|_| Client::connect(path)).collect();
        for client in &mut clients {
            assert!(!client.tree().is_empty());
        }
        let refused = Client::connect(path).answer();
        assert!(refused["error"].as_str().unwrap().contains("16 clients"));
        drop(clients);
        // Ends when the server has seen that they are gone.
        while Client::connect(path).ask(r#"{"get":"tree"}"#)["type"] != "tree" {}
    });
}

#[test]
fn tcp_is_served_on_loopback_alone() {
    for backend in backends() {
        let everywhere = anyrt::run_on(backend, async {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
            anyrt::task::serve_monitor(listener).await
        });
        let error = everywhere.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("not local"), "{error}");
        let answer = anyrt::run_on(
            backend,
            anyrt::task_group(async |tg| -> io::Result<_> {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                let address = listener.local_addr()?;
                tg.spawn(anyrt::task::serve_monitor(listener));
                let answer = anyrt::to_thread::run(move || {
                    let mut client = TcpStream::connect(address).unwrap();
                    client.write_all(b"{\"get\":\"version\"}\n").unwrap();
                    BufReader::new(client).lines().next().unwrap().unwrap()
                });
                let answer = answer.await;
                tg.cancel();
                Ok(answer)
            }),
        );
        let version: Value = serde_json::from_str(&answer.unwrap()).unwrap();
        assert_eq!(version["backend"], backend.to_string());
    }
}

/// A program that the environment makes serve a monitor.
struct Program {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(backend: Backend, folder: &Path, monitor: &str) -> Program {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env(CHILD, "yes")
            .env("ANYRT_BACKEND", backend.to_string())
            .env("XDG_RUNTIME_DIR", folder)
            .env("ANYRT_MONITOR", monitor)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("begun") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "it has ended");
        }
        Program { process, output }
    }

    /// Ends it. Returns its errors.
    fn end(mut self) -> String {
        drop(self.process.stdin.take());
        self.output.read_to_string(&mut String::new()).unwrap();
        let mut errors = String::new();
        let mut stderr = self.process.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        assert!(self.process.wait().unwrap().success(), "{errors}");
        errors
    }
}

/// The program itself.
#[test]
fn program() {
    if env::var_os(CHILD).is_some() {
        anyrt::run(async {
            println!("begun");
            let end = || io::stdin().read_to_end(&mut Vec::new());
            anyrt::to_thread::run(end).await.unwrap();
        });
    }
}

#[test]
fn the_environment_turns_it_on() {
    let folder = Folder::new("environment");
    for backend in backends() {
        let program = Program::start(backend, &folder.0, "1");
        let own = folder.0.join("anyrt");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&own), 0o700);
        let socket = own.join(format!("{}.sock", program.process.id()));
        assert_eq!(mode(&socket), 0o600);
        let mut client = Client::connect(&socket);
        let version = client.ask(r#"{"get":"version"}"#);
        assert_eq!(version["backend"], backend.to_string());
        assert_eq!(version["pid"], program.process.id());
        // Ends when the main task waits for the thread that reads the input.
        while named(&client.tree(), "main")["wait"] != "a worker thread" {}
        assert_eq!(program.end(), "");
        assert!(!socket.exists(), "it removes its socket");
        // Another value is a path.
        let path = folder.0.join("own.sock");
        let program = Program::start(backend, &folder.0, path.to_str().unwrap());
        assert!(!Client::connect(&path).tree().is_empty());
        assert_eq!(program.end(), "");
        // These turn it off.
        for off in ["", "0"] {
            let program = Program::start(backend, &folder.0, off);
            assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
            assert_eq!(program.end(), "");
        }
    }
}

#[test]
fn a_folder_that_is_open_to_others_is_refused_and_the_program_runs() {
    let folder = Folder::new("open");
    let own = folder.0.join("anyrt");
    fs::DirBuilder::new().create(&own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    for backend in backends() {
        let errors = Program::start(backend, &folder.0, "1").end();
        assert!(errors.contains("ANYRT_MONITOR"), "{errors}");
        assert!(errors.contains("mode 0700"), "{errors}");
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    }
}
