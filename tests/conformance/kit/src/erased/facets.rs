//! The facets of a backend as trait objects, and the static that holds those of the mounted one.

use std::any::{TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use anyrt_core::error::NoRuntime;
use anyrt_core::runtime::{FileSystem, Runtime, TaskInfo, Time};
use anyrt_core::time::Instant;

pub(super) type BoxFuture<T = ()> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The associated functions of `Spawn`, `Time` and `Blocking`, on the marker type of a backend.
pub(super) trait Facets: Send + Sync {
    fn current(&self) -> Result<Arc<dyn AnyHandle>, NoRuntime>;
    fn choose(&self, n: usize) -> usize;
    fn yield_turn(&self, waker: &Waker);
    fn wake_yielding(&self, waker: &Waker);
    fn now(&self) -> Instant;
    fn timer(&self, deadline: Instant) -> Box<dyn AnyTimer>;
    fn file_system(&self) -> Option<Arc<dyn FileSystem>>;
}

/// The methods of `Spawn` and `Blocking`, on the handle of a backend.
pub(super) trait AnyHandle: fmt::Debug + Send + Sync {
    fn spawn(&self, task: TaskInfo<'_>, future: BoxFuture);
    fn spawn_blocking(&self, f: Box<dyn FnOnce() + Send>) -> BoxFuture;
    fn block_in_place(&self, wait: &mut dyn FnMut());
    fn name(&self) -> &'static str;
    fn tag(&self) -> u8;
}

/// A timer of a backend.
pub(super) trait AnyTimer: Send {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    fn reset(&mut self, deadline: Instant);
    fn may_have_fired(&self) -> bool;
}

/// The facets of `R` as an object.
pub(super) struct Marker<R>(pub(super) PhantomData<fn() -> R>);

#[derive(Debug)]
struct HandleOf<R: Runtime>(R::Handle);

struct TimerOf<R: Time>(Pin<Box<R::Timer>>);

impl<R: Runtime> Facets for Marker<R> {
    fn current(&self) -> Result<Arc<dyn AnyHandle>, NoRuntime> {
        Ok(Arc::new(HandleOf::<R>(R::current()?)))
    }

    fn choose(&self, n: usize) -> usize {
        R::choose(n)
    }

    fn yield_turn(&self, waker: &Waker) {
        R::yield_turn(waker);
    }

    fn wake_yielding(&self, waker: &Waker) {
        R::wake_yielding(waker);
    }

    fn now(&self) -> Instant {
        R::now()
    }

    fn timer(&self, deadline: Instant) -> Box<dyn AnyTimer> {
        Box::new(TimerOf::<R>(Box::pin(R::timer(deadline))))
    }

    fn file_system(&self) -> Option<Arc<dyn FileSystem>> {
        R::file_system()
    }
}

impl<R: Runtime> AnyHandle for HandleOf<R> {
    fn spawn(&self, task: TaskInfo<'_>, future: BoxFuture) {
        R::spawn(&self.0, task, future);
    }

    fn spawn_blocking(&self, f: Box<dyn FnOnce() + Send>) -> BoxFuture {
        Box::pin(R::spawn_blocking(&self.0, f))
    }

    fn block_in_place(&self, wait: &mut dyn FnMut()) {
        R::block_in_place(&self.0, wait);
    }

    fn name(&self) -> &'static str {
        R::name(&self.0)
    }

    fn tag(&self) -> u8 {
        R::tag(&self.0)
    }
}

impl<R: Time> AnyTimer for TimerOf<R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }

    fn reset(&mut self, deadline: Instant) {
        R::reset(self.0.as_mut(), deadline);
    }

    fn may_have_fired(&self) -> bool {
        R::may_have_fired(self.0.as_ref())
    }
}

struct Mounted {
    runtime: TypeId,
    name: &'static str,
    facets: &'static dyn Facets,
}

static MOUNTED: OnceLock<Mounted> = OnceLock::new();

/// Makes `R` the runtime that [`Erased`](super::Erased) stands for in this program.
///
/// # Panics
///
/// If another runtime was mounted before.
pub fn mount<R: Runtime>() {
    let mounted = MOUNTED.get_or_init(|| Mounted {
        runtime: TypeId::of::<R>(),
        name: type_name::<R>(),
        facets: const { &Marker::<R>(PhantomData) },
    });
    assert!(
        mounted.runtime == TypeId::of::<R>(),
        "a test program mounts one runtime: `{}` is mounted, so `{}` needs a program of its own",
        mounted.name,
        type_name::<R>(),
    );
}

/// Returns the facets of the mounted runtime.
pub(super) fn facets() -> &'static dyn Facets {
    MOUNTED.get().expect("a runtime was mounted").facets
}
