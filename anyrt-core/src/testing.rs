//! Help for testing asynchronous code.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use crate::engine::{Run, Wait};
use crate::loom::lock_static;
use crate::loom::process::Mutex;
use crate::runtime::Time;
use crate::task::for_each_task;
use crate::time::sleep;

/// How long nothing may have been polled.
const CUSHION: Duration = Duration::from_millis(5);

/// How many cushions in a row.
const CUSHIONS: u32 = 2;

/// Waits until every other task of the run waits for something: a timer, I/O, a thread, another
/// task.
///
/// Several tasks may wait in it at once. Only anyrt's own tasks count. On a real runtime this is
/// an observation with a short cushion: no task was polled for some milliseconds. A program whose
/// correctness rests on it is wrong; a test may use it to let others get to where they wait.
///
/// Outside of a run there are no tasks to wait for, and it returns after the cushion.
///
/// # Cancel safety
///
/// Cancel safe: it has no effect.
pub async fn wait_all_tasks_blocked<R: Time>() {
    let mut quiet = 0;
    let mut before = observe();
    while quiet < CUSHIONS {
        AllBlocked(sleep::<R>(CUSHION)).await;
        let now = observe();
        let busy = now.values().any(Observed::is_busy);
        quiet = if now == before && !busy { quiet + 1 } else { 0 };
        before = now;
    }
}

/// A sleep that the listing shows as what it is for.
#[pin_project::pin_project]
struct AllBlocked<F>(#[pin] F);

impl<F: Future> Future for AllBlocked<F> {
    type Output = F::Output;

    fn poll(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        let polled = self.project().0.poll(cx);
        crate::engine::poll_state::waits_for(Wait::AllBlocked);
        polled
    }
}

/// What a task was seen at.
#[derive(PartialEq)]
struct Observed {
    polls: u32,
    wait: Wait,
}

impl Observed {
    /// Whether the task is being polled, or has asked to be: a busy system can take long to do it.
    fn is_busy(&self) -> bool {
        self.polls % 2 == 1 || self.wait == Wait::Turn
    }
}

/// Looks at each task that does not wait here itself.
fn observe() -> BTreeMap<u64, Observed> {
    let mut tasks = BTreeMap::new();
    let own = crate::engine::poll_state::current_task().map(|task| task.id());
    if let Some(core) = Run::current().and_then(|run| run.core()) {
        for_each_task(core, |task| {
            let (polls, wait) = (task.polls(), task.wait());
            if wait != Wait::AllBlocked && Some(task.id()) != own {
                tasks.insert(task.id(), Observed { polls, wait });
            }
        });
    }
    tasks
}

/// The ports that were given out, so that none is given out twice.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// A TCP port on the loopback interface that nobody listens on, different in each call.
///
/// # Errors
///
/// What the operating system says if there is none.
pub fn free_tcp_port() -> io::Result<u16> {
    free_port(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr())
}

/// A UDP port on the loopback interface that nobody has bound, different in each call.
///
/// # Errors
///
/// What the operating system says if there is none.
pub fn free_udp_port() -> io::Result<u16> {
    free_port(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr())
}

fn free_port(bind: impl Fn() -> io::Result<std::net::SocketAddr>) -> io::Result<u16> {
    loop {
        let port = bind()?.port();
        let mut given = lock_static(&GIVEN);
        if !given.contains(&port) {
            given.push(port);
            return Ok(port);
        }
    }
}
