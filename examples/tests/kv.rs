//! The program `kv` on each backend: three processes, its own client, `curl`, and a primary that is killed.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "this is test code")]

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::clients::{curl, is_curl_there, request};
use support::service::{PATIENCE, Service};
use support::{BACKENDS, Folder, KV, text};

/// Three nodes, on ports that were free.
struct Cluster {
    folder: Folder,
    backend: &'static str,
    nodes: String,
    running: Vec<Option<Service>>,
}

impl Cluster {
    fn start(backend: &'static str) -> Cluster {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = listeners.map(|listener| listener.local_addr().unwrap().to_string());
        let mut cluster = Cluster {
            folder: Folder::new(),
            backend,
            nodes: addresses.join(","),
            running: vec![None, None, None],
        };
        (0..3).for_each(|node| cluster.start_node(node));
        cluster
    }

    fn start_node(&mut self, node: usize) {
        let (nodes, number) = (self.nodes.as_str(), (node + 1).to_string());
        let dir = format!("dir-{number}");
        let backend = self.backend;
        let args = [
            "serve", "-b", backend, "--nodes", nodes, "--node", &number, &dir,
        ];
        self.running[node] = Some(Service::start(KV.command(&self.folder, args)));
    }

    fn client<const N: usize>(&self, args: [&str; N]) -> Output {
        let mut command = KV.command(&self.folder, args);
        let options = ["--backend", self.backend, "--nodes", &self.nodes];
        command.args(options).args(["--timeout", "60"]);
        command.output().unwrap()
    }

    #[track_caller]
    fn put(&self, key: &str, value: &str) {
        let output = self.client(["put", key, value]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"");
    }

    #[track_caller]
    fn has(&self, key: &str, value: &str) {
        let output = self.client(["get", key]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(&output.stdout), value);
    }

    fn running(&self) -> impl Iterator<Item = (usize, &Service)> {
        let nodes = self.running.iter().enumerate();
        nodes.filter_map(|(node, service)| Some((node, service.as_ref()?)))
    }

    /// Returns what a node says of itself.
    fn status(service: &Service) -> String {
        let url = format!("{}status", service.url());
        request(&[&url]).text().to_owned()
    }

    /// Waits until a node that runs is the primary.
    fn primary(&self) -> usize {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut nodes = self.running();
            if let Some((node, _)) =
                nodes.find(|(_, service)| Cluster::status(service).starts_with("primary"))
            {
                return node;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("there is no primary");
    }

    fn key(&self, node: usize, key: &str) -> String {
        let service = self.running[node].as_ref().unwrap();
        format!("{}kv/{key}", service.url())
    }
}

fn a_cluster_survives_its_primary(backend: &'static str) {
    if !is_curl_there() {
        return;
    }
    let mut cluster = Cluster::start(backend);
    cluster.put("color", "blue");
    cluster.has("color", "blue");
    let output = cluster.client(["get", "nothing"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("there is no key `nothing`"));

    // By curl, at the primary and at a backup.
    let primary = cluster.primary();
    let backup = (primary + 1) % 3;
    let url = cluster.key(primary, "a%20b");
    assert_eq!(request(&[&url]).status, "HTTP/1.1 404 Not Found");
    let put = request(&["-X", "PUT", "--data-binary", "by curl", &url]);
    assert_eq!(put.status, "HTTP/1.1 204 No Content");
    assert_eq!(request(&[&url]).text(), "by curl");
    cluster.has("a b", "by curl");
    let url = cluster.key(backup, "color");
    let response = request(&[&url]);
    assert_eq!(response.status, "HTTP/1.1 307 Temporary Redirect");
    assert_eq!(
        response.header("location"),
        Some(&*cluster.key(primary, "color"))
    );
    let large = "x".repeat(1024 * 1024);
    let file = cluster.folder.file("large", &large);
    let url = cluster.key(backup, "large");
    let put = curl(&["-L", "-T", file.to_str().unwrap(), &url])
        .output()
        .unwrap();
    assert!(put.status.success() && put.stdout.is_empty(), "{put:?}");
    let read = curl(&["-L", &url]).output().unwrap();
    assert!(read.stdout == large.as_bytes());
    cluster.has("large", &large);

    // The primary is killed, and another takes over.
    let killed = cluster.running[primary].take().unwrap();
    killed.signal("KILL");
    let (status, _) = killed.ended();
    assert_eq!(status, None);
    cluster.has("color", "blue");
    cluster.put("color", "green");
    assert_ne!(cluster.primary(), primary);

    // It comes back, and another one goes: the two have everything.
    cluster.start_node(primary);
    cluster.put("late", "entry");
    let other = cluster
        .running()
        .map(|(node, _)| node)
        .find(|node| *node != primary);
    let stopped = cluster.running[other.unwrap()].take().unwrap();
    stopped.signal("INT");
    assert_eq!(stopped.ended().0, Some(0));
    for (key, value) in [("color", "green"), ("a b", "by curl"), ("late", "entry")] {
        cluster.has(key, value);
    }
    let output = cluster.client(["delete", "color"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(cluster.client(["get", "color"]).status.code(), Some(1));

    // All at once: everything is on the disks.
    for service in cluster.running.iter_mut().filter_map(Option::take) {
        service.signal("KILL");
        service.ended();
    }
    (0..3).for_each(|node| cluster.start_node(node));
    cluster.has("late", "entry");
    cluster.has("large", &large);
    assert_eq!(cluster.client(["get", "color"]).status.code(), Some(1));
    for service in cluster.running.iter_mut().filter_map(Option::take) {
        service.stop();
    }
}

#[test]
fn a_cluster_survives_its_primary_on_tokio() {
    a_cluster_survives_its_primary("tokio");
}

#[test]
fn a_cluster_survives_its_primary_on_smol() {
    a_cluster_survives_its_primary("smol");
}

#[test]
fn a_cluster_survives_its_primary_on_async_std() {
    a_cluster_survives_its_primary("async-std");
}

#[test]
fn all_backends_are_tested() {
    assert_eq!(BACKENDS, ["tokio", "smol", "async-std"]);
}

#[test]
fn requests_that_cannot_be_read_are_refused() {
    if !is_curl_there() {
        return;
    }
    let cluster = Cluster::start("tokio");
    let primary = cluster.primary();
    let url = cluster.key(primary, "key");
    let status = |args: &[&str]| request(args).status;
    assert_eq!(
        status(&["-X", "POST", &url]),
        "HTTP/1.1 405 Method Not Allowed"
    );
    let other = cluster.key(primary, "");
    assert_eq!(status(&[&other]), "HTTP/1.1 404 Not Found");
    let id = ["-X", "DELETE", "-H", "Request-Id: one", &url];
    assert_eq!(status(&id), "HTTP/1.1 400 Bad Request");
    let chunked = [
        "-X",
        "PUT",
        "-H",
        "Transfer-Encoding: chunked",
        "-d",
        "x",
        &url,
    ];
    assert_eq!(status(&chunked), "HTTP/1.1 411 Length Required");
    let file = cluster.folder.file("large", "x".repeat(1024 * 1024 + 1));
    let large = ["-T", file.to_str().unwrap(), &*url];
    assert_eq!(status(&large), "HTTP/1.1 413 Content Too Large");
    let node = url.replace("/kv/key", "/node");
    assert_eq!(status(&["-d", "x", &node]), "HTTP/1.1 400 Bad Request");

    // The client says so at once.
    let mut put = KV.command(
        &cluster.folder,
        ["put", "--nodes", &cluster.nodes, "key", "-"],
    );
    let mut put = put.stdin(Stdio::piped()).spawn().unwrap();
    put.stdin
        .take()
        .unwrap()
        .write_all(&vec![b'x'; 1024 * 1024 + 1])
        .unwrap();
    let output = put.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("the value is too long"),
        "{output:?}"
    );
}

#[test]
fn without_a_majority_a_client_gives_up() {
    let folder = Folder::new();
    // No process listens at port 1.
    let args = ["get", "--nodes", "127.0.0.1:1", "--timeout", "0.2", "key"];
    let output = KV.run(&folder, args);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text(&output.stderr).contains("not carried out in time"),
        "{output:?}"
    );
}

#[test]
fn wrong_command_lines_are_refused() {
    let folder = Folder::new();
    let nodes = "localhost:1,localhost:2";
    KV.fails_with(&folder, [], "no command was given");
    KV.fails_with(&folder, ["take"], "`take` is not serve, get, put or delete");
    KV.fails_with(
        &folder,
        ["get", "key"],
        "no addresses were given with --nodes",
    );
    KV.fails_with(&folder, ["get", "-n", nodes], "need one key");
    KV.fails_with(&folder, ["put", "-n", nodes, "key"], "a key and a value");
    KV.fails_with(
        &folder,
        ["get", "-n", "here", "key"],
        "`here` is not a host with a port",
    );
    KV.fails_with(
        &folder,
        ["serve", "-n", nodes, "dir"],
        "no position was given",
    );
    KV.fails_with(
        &folder,
        ["serve", "-n", nodes, "--node", "3", "dir"],
        "--node is not the position",
    );
    KV.fails_with(
        &folder,
        ["get", "-n", nodes, "--node", "1", "key"],
        "options of `serve` alone",
    );
    let help = KV.run(&folder, ["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("Usage: kv serve"));
}
