//! Starts and crashes, which happen between two steps of the executor.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use anyrt_core::task::{RunOptions, run_future};

use super::{HostId, Incarnation};
use crate::Sim;
use crate::current::enter;
use crate::events::{Detail, EventKind};
use crate::executor::{AtomicPriority, Next, push};
use crate::shared::Shared;

/// Something that happens to a host between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Start(HostId),
    Crash(HostId),
}

/// A command, and the task that waits for it.
#[derive(Debug)]
pub(crate) struct Requested {
    command: Command,
    done: Option<(Arc<AtomicBool>, Waker)>,
}

/// The main future of a host, as its waker and an entry of what is ready. The future itself is on the
/// executor's thread, since it need not be [`Send`].
#[derive(Debug)]
pub(crate) struct HostMain {
    pub(crate) id: u64,
    pub(crate) incarnation: Arc<Incarnation>,
    /// The priority, if the policy has priorities: one of its own for each start.
    pub(crate) priority: AtomicPriority,
    scheduled: AtomicBool,
}

type MainFuture = Pin<Box<dyn Future<Output = ()>>>;

/// The main futures of the hosts that are up. On the executor's thread.
#[derive(Default)]
pub(crate) struct Mains(RefCell<BTreeMap<HostId, Main>>);

/// A main future, which is `None` while it is polled, and its entry.
type Main = (Arc<HostMain>, Option<MainFuture>);

impl Shared {
    /// Puts a command into the queue, for the time after the current step.
    pub(crate) fn enqueue(&self, command: Command, done: Option<(Arc<AtomicBool>, Waker)>) {
        let mut state = self.lock();
        if !state.ended {
            state.commands.push_back(Requested { command, done });
            self.has_commands.store(true, Ordering::Relaxed);
        }
    }

    /// Takes the next command.
    fn next_command(&self) -> Option<Requested> {
        if !self.has_commands.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.lock();
        let command = state.commands.pop_front();
        let has_more = !state.commands.is_empty();
        self.has_commands.store(has_more, Ordering::Relaxed);
        command
    }

    /// Gives a command, and waits until it has been executed.
    pub(super) async fn command(&self, command: Command) {
        let done = Arc::new(AtomicBool::new(false));
        let mut requested = false;
        poll_fn(|cx| {
            if done.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut requested, true) {
                self.enqueue(command, Some((done.clone(), cx.waker().clone())));
            }
            Poll::Pending
        })
        .await;
    }
}

impl Mains {
    /// Executes the commands in the queue.
    pub(crate) fn obey(&self, shared: &Arc<Shared>) {
        // Ends: each command was given by a step or by a destructor that a crash has called, once.
        loop {
            let Some(requested) = shared.next_command() else {
                return;
            };
            match requested.command {
                Command::Start(host) => self.start(shared, host),
                Command::Crash(host) => self.crash(shared, host),
            }
            if let Some((done, waker)) = requested.done {
                done.store(true, Ordering::Relaxed);
                waker.wake();
            }
        }
    }

    fn start(&self, shared: &Arc<Shared>, host: HostId) {
        let now = shared.now();
        let (factory, incarnation, id, priority) = {
            let mut state = shared.lock();
            if state.hosts.is_up(host) {
                return;
            }
            let Some((factory, clock, disk)) = state.hosts.take_factory(host) else {
                return;
            };
            let incarnation = Incarnation::new(shared.clone(), host, clock, disk);
            state.hosts.set_up(&incarnation);
            let name = state.hosts.name(host);
            let name = || Detail::Text(Box::from(&*name));
            let (kind, id) = (EventKind::Start, u64::from(host));
            state.events.record_with(now, kind, host, id, name);
            (factory, incarnation, state.next_id(), state.draw_priority())
        };
        let main = Arc::new(HostMain {
            id,
            incarnation: incarnation.clone(),
            priority,
            scheduled: AtomicBool::new(true),
        });
        let mut factory = factory;
        let future: MainFuture = {
            let _entered = enter(&incarnation);
            let main = factory();
            Box::pin(async {
                let ended = run_future::<Sim, _>(RunOptions::new(), main).await;
                ended.expect("a host is not inside a task of a run");
            })
        };
        shared.lock().hosts.put_factory(host, factory);
        // The one of an earlier incarnation was removed when it ended.
        let earlier = self
            .0
            .borrow_mut()
            .insert(host, (main.clone(), Some(future)));
        drop(earlier);
        shared.push(Next::Host(main));
    }

    /// Polls the main future of a host once.
    pub(crate) fn poll(&self, main: &Arc<HostMain>) {
        main.scheduled.store(false, Ordering::Relaxed);
        let taken = {
            let mut mains = self.0.borrow_mut();
            let found = mains.get_mut(&main.incarnation.host);
            let found = found.filter(|(other, _)| Arc::ptr_eq(other, main));
            found.and_then(|(_, future)| future.take())
        };
        let Some(mut future) = taken else {
            return;
        };
        let host = &main.incarnation;
        let _entered = enter(host);
        let waker = Waker::from(main.clone());
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut mains = self.0.borrow_mut();
        if polled.is_pending() {
            let place = mains.get_mut(&host.host);
            place
                .expect("it is removed here and by a crash, between steps")
                .1 = Some(future);
            return;
        }
        mains.remove(&host.host);
        drop(mains);
        let now = host.shared.now();
        let mut state = host.shared.lock();
        state.events.record(now, EventKind::End, host.host, main.id);
        let down = state.hosts.set_down(host.host);
        drop(state);
        drop((future, down));
        #[cfg(all(feature = "process", unix))]
        host.shared.end_programs(host.host, false);
    }

    /// Drops everything of a host. Its destructors find a host that has crashed.
    fn crash(&self, shared: &Arc<Shared>, host: HostId) {
        let now = shared.now();
        let (incarnation, held, owns_disk) = {
            let mut state = shared.lock();
            let owns_disk = state.hosts.owns_disk(host);
            let (incarnation, held) = state.hosts.set_down(host);
            let Some(incarnation) = incarnation else {
                return;
            };
            // Before anything is dropped.
            incarnation.die();
            state.hosts.set_crashed(host);
            state
                .events
                .record(now, EventKind::Crash, host, u64::from(host));
            (incarnation, held, owns_disk)
        };
        #[cfg(feature = "net")]
        shared.disconnect(host);
        if owns_disk {
            incarnation.disk.crash(shared);
        }
        let _entered = enter(&incarnation);
        let main = self.0.borrow_mut().remove(&host);
        drop(main);
        let tasks = {
            let mut state = shared.lock();
            let state = &mut *state;
            let is_here = |next: &Next| Arc::ptr_eq(next.incarnation(), &incarnation);
            let ready = state.ready.take_if(is_here);
            let mut tasks = Vec::new();
            state.tasks.retain(|_, task| {
                let stays = !Arc::ptr_eq(&task.host, &incarnation);
                if !stays {
                    tasks.push(task.clone());
                }
                stays
            });
            (tasks, ready)
        };
        for task in &tasks.0 {
            task.abandon();
        }
        drop((tasks, held));
        #[cfg(all(feature = "process", unix))]
        shared.end_programs(host, true);
    }

    /// Drops all main futures, since the run is over.
    pub(crate) fn clear(&self) {
        let mains = std::mem::take(&mut *self.0.borrow_mut());
        for (main, future) in mains.into_values() {
            let _entered = enter(&main.incarnation);
            drop(future);
        }
    }
}

impl Wake for HostMain {
    // By reference it is the same, with a clone.
    fn wake(self: Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::Relaxed) {
            push(Next::Host(self));
        }
    }
}
