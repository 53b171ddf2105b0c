//! Programs that run until they are stopped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for an expected event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A program that listens. It is killed when this is dropped.
pub(crate) struct Service {
    child: Child,
    /// The lines that it printed until it was ready.
    pub(crate) printed: Vec<String>,
    errors: Arc<(Mutex<String>, Condvar)>,
}

impl Service {
    /// Starts the program, and waits until it listens at this number of addresses.
    pub(crate) fn start_with(mut command: Command, addresses: usize) -> Service {
        let mut child = command.spawn().unwrap();
        let errors = Arc::<(Mutex<String>, Condvar)>::default();
        let (stderr, shared) = (child.stderr.take().unwrap(), errors.clone());
        thread::spawn(move || {
            let mut lines = BufReader::new(stderr);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
                let mut text = shared.0.lock().unwrap();
                text.push_str(&String::from_utf8_lossy(&line));
                shared.1.notify_all();
                line.clear();
            }
        });
        let mut service = Service {
            printed: Vec::new(),
            errors,
            child,
        };
        let mut lines = BufReader::new(service.child.stdout.take().unwrap()).lines();
        while service.addresses().len() < addresses {
            match lines.next() {
                Some(line) => service.printed.push(line.unwrap()),
                None => panic!("it ended: {}", service.errors()),
            }
        }
        service
    }

    pub(crate) fn start(command: Command) -> Service {
        Service::start_with(command, 1)
    }

    /// Returns the addresses that it has printed.
    pub(crate) fn urls(&self) -> Vec<&str> {
        let lines = self.printed.iter();
        lines
            .filter_map(|line| line.strip_prefix("listening at "))
            .collect()
    }

    pub(crate) fn url(&self) -> &str {
        self.urls()[0]
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.urls().into_iter().map(|url| {
            let address = url.split_once("://").map_or(url, |(_, rest)| rest);
            address.trim_end_matches('/').parse().unwrap()
        });
        addresses.collect()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses()[0]
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Connects, and sends these bytes.
    pub(crate) fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Returns its standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.0.lock().unwrap().clone()
    }

    /// Waits until `count` lines of its standard error contain `part`, and returns the last of them.
    #[track_caller]
    pub(crate) fn wait_for_lines(&self, count: usize, part: &str) -> String {
        let (text, changed) = &*self.errors;
        let few = |text: &mut String| matching(text, part).count() < count;
        let text = changed.wait_timeout_while(text.lock().unwrap(), PATIENCE, few);
        let (text, timeout) = text.unwrap();
        assert!(!timeout.timed_out(), "no `{part}` in:\n{text}");
        matching(&text, part).nth(count - 1).unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> String {
        self.wait_for_lines(1, part)
    }

    pub(crate) fn signal(&self, name: &str) {
        super::signal(&self.child, name);
    }

    /// Waits for its end, and returns its status and its standard error.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
                None => panic!("it does not end:\n{}", self.errors()),
            }
        };
        // The thread has read the last lines when it drops its reference.
        while Arc::strong_count(&self.errors) > 1 {
            thread::yield_now();
        }
        let errors = self.errors();
        assert!(!errors.contains("panicked"), "{errors}");
        (status.code(), errors)
    }

    /// Stops it with SIGTERM, and checks that it exits successfully.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (status, errors) = self.ended();
        assert_eq!(status, Some(0), "{errors}");
        errors
    }

    /// Returns its peak memory in KiB, or `None` where the system does not report it.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Returns the number of its open descriptors, or `None` where the system does not list them.
    pub(crate) fn descriptors(&self) -> Option<usize> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?;
        Some(open.count())
    }

    /// Returns the number of its open descriptors when it is idle: closed ones may linger for a moment.
    pub(crate) fn descriptors_at_rest(&self) -> Option<usize> {
        let mut seen = self.descriptors();
        let mut times = 0;
        while times < 10 {
            thread::sleep(Duration::from_millis(10));
            let now = self.descriptors();
            times = if now == seen { times + 1 } else { 0 };
            seen = now;
        }
        seen
    }

    /// Waits until it has no more descriptors open than this.
    #[track_caller]
    pub(crate) fn wait_for_descriptors(&self, expected: Option<usize>) {
        let start = Instant::now();
        while self.descriptors() > expected {
            assert!(
                start.elapsed() < PATIENCE,
                "{:?} descriptors stay open, not {expected:?}:\n{}",
                self.descriptors(),
                self.errors()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn matching<'a>(text: &'a str, part: &str) -> impl Iterator<Item = &'a str> {
    text.lines().filter(move |line| line.contains(part))
}

/// Reads to the end; a reset counts as an end.
pub(crate) fn read_all(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            panic!("the connection is not closed")
        }
        _ => bytes,
    }
}

/// Reads slowly for this long, without a pause, and panics at an end.
pub(crate) fn read_slowly(mut stream: &TcpStream, length: Duration) {
    let start = Instant::now();
    let mut buffer = vec![0; 12_500];
    while start.elapsed() < length {
        stream.read_exact(&mut buffer).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
}
