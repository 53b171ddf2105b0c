//! A small runtime on one thread: sound, unless its type says otherwise.
//!
//! It is what a backend author could begin with, and what the suite is tried on. A [`Flaw`]
//! breaks one rule of one contract; the suite has to notice.

mod blocking;
mod flaw;
mod scheduler;
mod timer;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{Blocking, Enter, Spawn, TaskInfo, Time};
use anyrt_core::time::Instant;

use self::blocking::Call;
pub(crate) use self::flaw::{DropsTasks, EarlyTimers, Flaw, LosesCalls, LosesWakes, Sound, SpawnsInline};
use self::scheduler::Scheduler;
use self::timer::Timer;

/// The runtime: each `block_on` has a scheduler of its own.
pub(crate) struct TinyRuntime<F>(PhantomData<fn() -> F>);

impl<F: Flaw> TinyRuntime<F> {
    pub(crate) fn new() -> TinyRuntime<F> {
        TinyRuntime(PhantomData)
    }
}

impl<F: Flaw> fmt::Debug for TinyRuntime<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TinyRuntime")
    }
}

impl<F: Flaw> Enter for TinyRuntime<F> {
    type Runtime = Tiny<F>;

    fn block_on<M: Future>(&self, future: M) -> io::Result<M::Output> {
        Ok(scheduler::block_on(future))
    }
}

/// The marker that stands for it.
pub(crate) struct Tiny<F>(PhantomData<fn() -> F>);

impl<F> Clone for Tiny<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Tiny<F> {}

impl<F> fmt::Debug for Tiny<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tiny")
    }
}

impl<F: Flaw> Spawn for Tiny<F> {
    type Handle = Arc<Scheduler>;

    fn current() -> Result<Arc<Scheduler>, NoRuntime> {
        Scheduler::current().ok_or_else(|| {
            NoRuntime::new("no tiny runtime on this thread: call this inside `anyrt_core::run`")
        })
    }

    fn spawn<T>(handle: &Arc<Scheduler>, _task: TaskInfo<'_>, future: T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        F::spawn(handle, Box::pin(future));
    }

    fn choose(n: usize) -> usize {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        let drawn = DRAWN
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((drawn ^ (drawn >> 29)) % n as u64) as usize
    }

    fn name(_handle: &Arc<Scheduler>) -> &'static str {
        "tiny"
    }
}

impl<F: Flaw> Time for Tiny<F> {
    type Timer = Timer<F>;

    fn now() -> Instant {
        timer::now()
    }

    fn timer(deadline: Instant) -> Timer<F> {
        Timer::new(deadline)
    }

    fn reset(timer: std::pin::Pin<&mut Timer<F>>, deadline: Instant) {
        timer.get_mut().reset(deadline);
    }
}

impl<F: Flaw> Blocking for Tiny<F> {
    type Call<T: Send + 'static> = Call<T>;

    fn spawn_blocking<C, T>(handle: &Arc<Scheduler>, f: C) -> Call<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Call::start(handle, f, F::LOSES_CALLS)
    }
}
