//! Locks, semaphores and events: one task alone, and eight that wait for one another.

use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;

use tokio::sync::{SetOnce, watch};

use super::{Case, Floor, Side};
use crate::futures::YieldOnce;
use crate::setup::{Setup, TokioCurrent, TokioTwo};
use crate::work::{self, Job, Tasks};

const ALONE: usize = 100_000;
const IN_TURN: usize = 40_000;

/// The number of tasks that take turns.
const TASKS: usize = 8;

/// The floor for fair peers: tokio serves the task that has waited longest, as anyrt does. async-lock
/// lets others in between.
const FAIR: Floor = Floor::Ratio(1.00);
/// The floor for fair peers where the cost of anyrt's tasks is in the ratio.
const FAIR_IN_OWN_TASKS: Floor = Floor::Ratio(1.15);
const UNFAIR: Floor = Floor::None;

/// The floor for events, which have no order: all waiting tasks continue.
const EVENT: Floor = Floor::Ratio(1.00);

pub(super) fn add(cases: &mut Vec<Case>) {
    add_on::<TokioCurrent>(cases);
    add_on::<TokioTwo>(cases);
}

fn add_on<L: Setup>(cases: &mut Vec<Case>) {
    add_kind::<L, Mutex>(cases, &ALONE_AND_IN_TURN);
    add_kind::<L, Reading>(cases, &ALONE_AND_IN_TURN[..1]);
    add_kind::<L, Writing>(cases, &ALONE_AND_IN_TURN[..1]);
    add_kind::<L, Mixed>(cases, &ALONE_AND_IN_TURN[1..]);
    add_kind::<L, Semaphore>(cases, &ALONE_AND_IN_TURN);
    add_event::<L, SetOnce<()>>(cases, "tokio::sync::SetOnce");
    add_event::<L, watch::Sender<bool>>(cases, "tokio::sync::watch");
    add_event::<L, async_lock::OnceCell<()>>(cases, "async_lock::OnceCell");
}

// ---- locks and semaphores ----

/// A resource that tasks use in turn.
trait Turns<Whose>: Kind {
    type Lock: Send + Sync + 'static;

    fn new() -> Self::Lock;

    /// Waits for the turn, and keeps it while `inside` runs.
    fn turn(
        lock: &Self::Lock,
        number: usize,
        inside: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = ()> + Send;
}

trait Kind: 'static {
    const NAME: &'static str;
}

struct Ours;
struct Tokio;
struct AsyncLock;

struct Mutex;

impl Kind for Mutex {
    const NAME: &'static str = "Mutex";
}

/// A lock that is only read.
struct Reading;

impl Kind for Reading {
    const NAME: &'static str = "RwLock, reading";
}

/// A lock that is only written to.
struct Writing;

impl Kind for Writing {
    const NAME: &'static str = "RwLock, writing";
}

/// A lock that is written to in one of four turns.
struct Mixed;

impl Kind for Mixed {
    const NAME: &'static str = "RwLock, 3 reads to a write";
}

/// A semaphore with two permits.
struct Semaphore;

impl Kind for Semaphore {
    const NAME: &'static str = "Semaphore";
}

/// Implements the turns, since all three crates use the same names for types and functions.
macro_rules! turns {
    ($whose:ty, $($sync:ident)::+) => {
        turns!($whose, Mutex, $($sync)::+::Mutex<u64>, 0, |lock, _number, inside| {
            let mut guard = lock.lock().await;
            inside.await;
            *guard += 1;
        });
        turns!($whose, Reading, $($sync)::+::RwLock<u64>, 0, |lock, _number, inside| {
            let guard = lock.read().await;
            inside.await;
            black_box(*guard);
        });
        turns!($whose, Writing, $($sync)::+::RwLock<u64>, 0, |lock, _number, inside| {
            let mut guard = lock.write().await;
            inside.await;
            *guard += 1;
        });
        turns!($whose, Mixed, $($sync)::+::RwLock<u64>, 0, |lock, number, inside| {
            if number % 4 == 0 {
                <Writing as Turns<$whose>>::turn(lock, number, inside).await;
            } else {
                <Reading as Turns<$whose>>::turn(lock, number, inside).await;
            }
        });
        turns!($whose, Semaphore, $($sync)::+::Semaphore, 2, |lock, _number, inside| {
            // Tokio's semaphore can be closed; this one is not.
            let permit = lock.acquire().await;
            inside.await;
            drop(permit);
        });
    };
    ($whose:ty, $kind:ty, $lock:ty, $first:expr,
        |$this:ident, $number:ident, $inside:ident| $turn:block) => {
        impl Turns<$whose> for $kind {
            type Lock = $lock;

            fn new() -> $lock {
                <$lock>::new($first)
            }

            #[inline]
            async fn turn(
                $this: &$lock,
                $number: usize,
                $inside: impl Future<Output = ()> + Send,
            ) $turn
        }
    };
}

turns!(Ours, anyrt_core::sync);
turns!(Tokio, tokio::sync);
turns!(AsyncLock, async_lock);

/// The operation of each task, and the number of tasks.
#[derive(Clone, Copy)]
enum Crowd {
    /// One task, which always gets its turn at once.
    Alone,
    /// Eight tasks that keep their turn across a yield, so that the others have to wait.
    InTurn,
}

const ALONE_AND_IN_TURN: [Crowd; 2] = [Crowd::Alone, Crowd::InTurn];

fn add_kind<L, K>(cases: &mut Vec<Case>, crowds: &[Crowd])
where
    L: Setup,
    K: Turns<Ours> + Turns<Tokio> + Turns<AsyncLock>,
{
    for &crowd in crowds {
        for &tasks in crowd.tasks() {
            let fair = match (crowd, tasks) {
                (Crowd::InTurn, Tasks::Own) => FAIR_IN_OWN_TASKS,
                _ => FAIR,
            };
            add_lock::<L, K, Tokio>(cases, (crowd, tasks), "tokio::sync", fair);
            add_lock::<L, K, AsyncLock>(cases, (crowd, tasks), "async-lock", UNFAIR);
        }
    }
}

fn add_lock<L, K, Theirs>(
    cases: &mut Vec<Case>,
    (crowd, tasks): (Crowd, Tasks),
    theirs: &'static str,
    floor: Floor,
) where
    L: Setup,
    K: Turns<Ours> + Turns<Theirs>,
{
    let (name, count) = crowd.case(K::NAME);
    cases.push(Case::new(
        name + tasks.suffix(),
        L::NAME,
        theirs,
        count,
        floor,
        move |side, count| {
            let jobs = match side {
                Side::Ours => jobs::<K, Ours>,
                Side::Theirs => jobs::<K, Theirs>,
            };
            work::time::<L>(tasks, side, count, |count| jobs(crowd, count))
        },
    ));
}

impl Crowd {
    /// Returns the tasks that are measured. One task alone spends nearly all its time in the operation.
    fn tasks(self) -> &'static [Tasks] {
        match self {
            Crowd::Alone => &Tasks::BOTH[..1],
            Crowd::InTurn => &Tasks::BOTH,
        }
    }

    fn case(self, what: &str) -> (String, usize) {
        match self {
            Crowd::Alone => (format!("{what}, alone"), ALONE),
            Crowd::InTurn => (format!("{what}, {TASKS} tasks in turn"), IN_TURN),
        }
    }
}

fn jobs<K: Turns<Whose>, Whose>(crowd: Crowd, count: usize) -> Vec<Job> {
    let lock = Arc::new(K::new());
    match crowd {
        Crowd::Alone => vec![Box::pin(async move {
            for number in 0..count {
                K::turn(black_box(&lock), number, ready(())).await;
            }
        })],
        Crowd::InTurn => for_each_task(|_| {
            let lock = lock.clone();
            async move {
                for number in 0..count / TASKS {
                    K::turn(&lock, number, YieldOnce::default()).await;
                }
            }
        }),
    }
}

fn for_each_task<Fut>(job: impl Fn(usize) -> Fut) -> Vec<Job>
where
    Fut: Future<Output = ()> + Send + 'static,
{
    (0..TASKS).map(|task| Box::pin(job(task)) as Job).collect()
}

// ---- events ----

/// Something that happens once.
trait Happens: Send + Sync + 'static {
    fn new() -> Self;
    fn set(&self);
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

impl Happens for anyrt_core::sync::Event {
    fn new() -> Self {
        anyrt_core::sync::Event::new()
    }

    fn set(&self) {
        self.set();
    }

    async fn wait(&self) {
        self.wait().await;
    }
}

impl Happens for SetOnce<()> {
    fn new() -> Self {
        SetOnce::new()
    }

    fn set(&self) {
        self.set(()).expect("it is set once");
    }

    async fn wait(&self) {
        self.wait().await;
    }
}

impl Happens for watch::Sender<bool> {
    fn new() -> Self {
        watch::Sender::new(false)
    }

    fn set(&self) {
        self.send_replace(true);
    }

    async fn wait(&self) {
        let mut receiver = self.subscribe();
        let seen = receiver.wait_for(|&set| set).await;
        assert!(seen.is_ok(), "the sender is there");
    }
}

impl Happens for async_lock::OnceCell<()> {
    fn new() -> Self {
        async_lock::OnceCell::new()
    }

    fn set(&self) {
        self.set_blocking(()).expect("it is set once");
    }

    async fn wait(&self) {
        self.wait().await;
    }
}

fn add_event<L: Setup, Theirs: Happens>(cases: &mut Vec<Case>, theirs: &'static str) {
    for crowd in ALONE_AND_IN_TURN {
        for &tasks in crowd.tasks() {
            let (name, count) = crowd.case("Event");
            cases.push(Case::new(
                name + tasks.suffix(),
                L::NAME,
                theirs,
                count,
                EVENT,
                move |side, count| {
                    let jobs = match side {
                        Side::Ours => event_jobs::<anyrt_core::sync::Event>,
                        Side::Theirs => event_jobs::<Theirs>,
                    };
                    work::time::<L>(tasks, side, count, |count| jobs(crowd, count))
                },
            ));
        }
    }
}

/// Returns the jobs for an event. Alone: an event is created, set and waited for. In turn: one task sets
/// it, and the others wait.
fn event_jobs<E: Happens>(crowd: Crowd, count: usize) -> Vec<Job> {
    match crowd {
        Crowd::Alone => vec![Box::pin(async move {
            for _ in 0..count {
                let event = E::new();
                black_box(&event).set();
                black_box(&event).wait().await;
            }
        })],
        Crowd::InTurn => {
            let events: Arc<[E]> = (0..count / TASKS).map(|_| E::new()).collect();
            for_each_task(|task| {
                let events = events.clone();
                async move {
                    for (number, event) in events.iter().enumerate() {
                        if number % TASKS == task {
                            YieldOnce::default().await;
                            event.set();
                        } else {
                            event.wait().await;
                        }
                    }
                }
            })
        }
    }
}
