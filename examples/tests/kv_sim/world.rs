//! The simulated world: three nodes, clients, and what goes wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyrt::net::TcpListener;
use anyrt::sim::{Host, Simulation, sometimes};
use anyrt::sync;
use anyrt_examples::kv::{Bug, Client, Event, Node, Options, Timing};

use crate::checker::{Kind, Operation, Value, is_linearizable, least_failure};
use crate::faults::break_things;

pub(crate) const NODES: usize = 3;
const PORT: u16 = 7000;
const CLIENTS: u64 = 4;

/// The number of requests of a client, at most.
const REQUESTS: u64 = 60;
const KEYS: [&str; 2] = ["one", "two"];

/// The drift of a clock, in parts per million: 5 %, far more than that of real clocks, and as much as leases bear.
pub(crate) const DRIFT: i32 = 50_000;

/// Returns this many milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn sim() -> Simulation {
    Simulation::current().expect("the test runs in a simulation")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happens in a run, apart from the requests.
#[derive(Clone, Default)]
pub(crate) struct Story(Arc<Mutex<Events>>);

#[derive(Default)]
struct Events {
    /// The primary of each term.
    primaries: BTreeMap<u64, usize>,
    /// For the message of a failure.
    lines: String,
}

impl Story {
    /// Notes an event, also among the events of the simulation.
    pub(crate) fn note(&self, event: fmt::Arguments<'_>) {
        sim().note(event);
        let now = sim().clock().elapsed().as_secs_f64();
        lock(&self.0).lines += &format!("\n  {now:7.3} s: {event}");
    }

    /// Notes that a node has become the primary of a term.
    fn note_primary(&self, node: usize, term: u64) {
        self.note(format_args!(
            "node-{} is the primary of term {term}",
            node + 1
        ));
        let other = lock(&self.0).primaries.insert(term, node);
        let is_alone = other.is_none_or(|other| other == node);
        assert!(is_alone, "term {term} has two primaries:{}", self.lines());
    }

    /// Returns the latest primary.
    pub(crate) fn primary(&self) -> Option<usize> {
        lock(&self.0)
            .primaries
            .last_entry()
            .map(|entry| *entry.get())
    }

    fn terms(&self) -> usize {
        lock(&self.0).primaries.len()
    }

    fn lines(&self) -> String {
        lock(&self.0).lines.clone()
    }
}

/// The operations of each key.
pub(crate) type History = Arc<Mutex<BTreeMap<&'static str, Vec<Operation>>>>;

/// Runs clients against a cluster in which things break.
///
/// # Panics
///
/// If the history of a key is not linearizable, a term has two primaries, or the cluster does not recover.
pub(crate) async fn run(bug: Option<Bug>) {
    let story = Story::default();
    // In long leases, drift makes more of a difference.
    let lease = ms([1_000, 1_000, 4_000][sim().choose(3) as usize]);
    let nodes: Vec<Host> = (0..NODES)
        .map(|me| {
            // 0 is a clock that is right.
            let drift = [0, -DRIFT, DRIFT][sim().choose(3) as usize];
            start_node(me, drift, &story, lease, bug)
        })
        .collect();
    let history = History::default();
    let is_over = Arc::new(sync::Event::new());
    let group = anyrt::task_group(async |tg| {
        for client in 1..=CLIENTS {
            let history = history.clone();
            let is_over = is_over.clone();
            tg.spawn(async move { request(client, &history, &is_over).await });
        }
        break_things(&nodes, &story, lease).await;
        is_over.set();
    });
    group.await.expect("no task fails");

    // Nothing is broken any more: the cluster has to recover.
    let mut client = client(0).patience(ms(30_000));
    for key in KEYS {
        let called = sim().clock().elapsed();
        let read = client.get(key).await;
        let value = read.unwrap_or_else(|error| panic!("the cluster does not recover: {error}"));
        add(&history, key, 0, called, Kind::Read(parse(value)), true);
    }
    sometimes!(story.terms() > 1, "another node takes over");
    let is_without_answer = |operation: &Operation| operation.returned.is_none();
    let is_unknown = lock(&history).values().flatten().any(is_without_answer);
    sometimes!(is_unknown, "a write has no answer");
    check_all(&history, &story);
}

/// Checks the history of each key.
pub(crate) fn check_all(history: &History, story: &Story) {
    for (key, operations) in &*lock(history) {
        check(key, operations, story);
    }
}

/// Checks the history of a key.
fn check(key: &str, operations: &[Operation], story: &Story) {
    if !is_linearizable(operations) {
        let count = operations.len();
        let least = least_failure(operations.to_vec());
        let lines = least.iter().map(|operation| format!("\n  {operation}"));
        let lines: String = lines.collect();
        panic!(
            "no order of these operations on key `{key}`, of {count}, explains what was found:{lines}
\
             what else happened:{}",
            story.lines()
        );
    }
}

/// Starts a node on a host with a clock of its own.
pub(crate) fn start_node(
    me: usize,
    drift: i32,
    story: &Story,
    lease: Duration,
    bug: Option<Bug>,
) -> Host {
    let sim = sim();
    let skew = ms(sim.choose(5) * 1000);
    let story = story.clone();
    let log = move |event| {
        if let Event::Leads { term } = event {
            story.note_primary(me, term);
        }
    };
    let options = Options {
        nodes: (1..=NODES)
            .map(|node| format!("node-{node}:{PORT}"))
            .collect(),
        me,
        // Each host has a disk of its own, which survives its crashes.
        dir: "/kv".into(),
        timing: Timing {
            lease,
            heartbeat: lease / 5,
            ..Timing::default()
        },
        log: Arc::new(log),
        bug,
    };
    let host = sim
        .host(&format!("node-{}", me + 1))
        .drift(drift)
        .skew(skew);
    host.start(move || {
        let options = options.clone();
        async move {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT));
            let listener = listener.expect("the port is free");
            let node = Node::open(options).await.expect("the disk works");
            node.serve(listener).await.expect("the disk works");
        }
    })
}

/// Returns a client. The one of each number is created once.
fn client(number: u64) -> Client {
    client_of(1..=NODES, number)
}

/// Returns a client that knows only some of the nodes.
pub(crate) fn client_of(nodes: impl Iterator<Item = usize>, number: u64) -> Client {
    let nodes = nodes.map(|node| format!("node-{node}:{PORT}"));
    Client::new(nodes.collect(), number)
}

/// Sends requests until the faults are over, and notes what comes of them.
async fn request(number: u64, history: &History, is_over: &sync::Event) {
    let mut client = client(number).patience(ms(3_000));
    for request in 0..REQUESTS {
        anyrt::sleep(ms(40 + sim().choose(10) * 40)).await;
        if is_over.is_set() {
            return;
        }
        // One of the keys is used more, so that more happens to it at the same time.
        let key = KEYS[(sim().choose(4) / 3) as usize];
        let called = sim().clock().elapsed();
        match sim().choose(8) {
            0..4 => {
                // Without an answer, a read says nothing.
                if let Ok(value) = client.get(key).await {
                    let kind = Kind::Read(parse(value));
                    add(history, key, number, called, kind, true);
                }
            }
            4..7 => {
                let value = (number * 100 + request) as u32;
                let written = client.put(key, value.to_string().as_bytes()).await;
                let kind = Kind::Write(Some(value));
                add(history, key, number, called, kind, written.is_ok());
            }
            _ => {
                let written = client.delete(key).await;
                let kind = Kind::Write(None);
                add(history, key, number, called, kind, written.is_ok());
            }
        }
    }
}

pub(crate) fn parse(value: Option<Vec<u8>>) -> Value {
    let text = String::from_utf8(value?).expect("clients write text");
    Some(text.parse().expect("clients write numbers"))
}

/// Adds an operation that ends now.
pub(crate) fn add(
    history: &History,
    key: &'static str,
    client: u64,
    called: Duration,
    kind: Kind,
    is_answered: bool,
) {
    let operation = Operation {
        client,
        called,
        returned: is_answered.then(|| sim().clock().elapsed()),
        kind,
    };
    lock(history).entry(key).or_default().push(operation);
}
