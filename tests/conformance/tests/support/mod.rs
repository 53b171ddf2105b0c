//! A small runtime on one thread: sound, unless it is given a flaw.
//!
//! It is a starting point for a backend author, and the suite is tested on it. A [`Flaw`] breaks one rule
//! of one contract; the suite has to notice.

mod blocking;
mod flaw;
mod scheduler;
mod timer;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;

use self::blocking::Call;
pub(crate) use self::flaw::Flaw;
use self::scheduler::{BoxedTask, Scheduler};
use self::timer::Timer;

/// The runtime: each `block_on` has a separate scheduler.
#[derive(Clone, Debug)]
pub(crate) struct TinyRuntime(Flaw);

impl TinyRuntime {
    pub(crate) fn sound() -> TinyRuntime {
        TinyRuntime(Flaw::None)
    }

    pub(crate) fn broken(flaw: Flaw) -> TinyRuntime {
        TinyRuntime(flaw)
    }
}

impl Enter for TinyRuntime {
    type Runtime = Tiny;

    fn block_on<M: Future>(&self, future: M) -> io::Result<M::Output> {
        Ok(scheduler::block_on(self.0, future))
    }
}

/// The marker type of the runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiny;

impl Spawn for Tiny {
    type Handle = Arc<Scheduler>;

    fn current() -> Result<Arc<Scheduler>, NoRuntime> {
        Scheduler::current().ok_or_else(|| {
            NoRuntime::new("no tiny runtime on this thread: call this inside `anyrt_core::run`")
        })
    }

    fn spawn<T>(scheduler: &Arc<Scheduler>, _task: TaskInfo<'_>, future: T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let mut future: BoxedTask = Box::pin(future);
        match scheduler.flaw {
            Flaw::DropsTasks if scheduler.count_spawn() % 5 == 0 => return,
            Flaw::SpawnsInline => {
                let mut cx = Context::from_waker(Waker::noop());
                if future.as_mut().poll(&mut cx).is_ready() {
                    return;
                }
            }
            _ => {}
        }
        scheduler.spawn(future);
    }

    fn choose(n: usize) -> usize {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        let drawn = DRAWN
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((drawn ^ (drawn >> 29)) % n as u64) as usize
    }

    fn name(_scheduler: &Arc<Scheduler>) -> &'static str {
        "tiny"
    }
}

impl Time for Tiny {
    type Timer = Timer;

    fn now() -> Instant {
        timer::now()
    }

    fn timer(deadline: Instant) -> Timer {
        Timer::new(deadline)
    }

    fn reset(timer: Pin<&mut Timer>, deadline: Instant) {
        timer.get_mut().reset(deadline);
    }
}

impl Blocking for Tiny {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<F, T>(scheduler: &Arc<Scheduler>, f: F) -> Call<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Call::start(scheduler, f)
    }
}
