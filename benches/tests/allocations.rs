//! The number of allocations of spawning and limiting, compared with those of the runtime itself.
//!
//! Allocations are counted on the thread that measures, and everything here runs on one thread.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::hint::black_box;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use anyrt_core::RunOptions;
use anyrt_core::cancel::{fail_after, move_on_after, move_on_at};
use anyrt_core::task::{TaskGroup, task_group};
use anyrt_core::time::Instant;
use anyrt_tokio::Tokio;

const TASKS: u64 = 1_000;

/// The list of children and tokio's queue grow by doubling.
const GROWTH: u64 = 24;

/// Records are allocated by the dozen.
const RECORDS: u64 = TASKS / 12;

#[test]
fn a_spawn_hardly_allocates_beyond_the_backend() {
    let native = on_tokio(async {
        count(|| {
            for _ in 0..TASKS {
                drop(tokio::spawn(pending::<()>()));
            }
        })
    });
    let ours = in_group(|group| {
        count(|| {
            for _ in 0..TASKS {
                group.spawn(pending::<()>());
            }
        })
    });
    assert!(native >= TASKS, "tokio allocates its task: {native}");
    assert!(ours <= native + RECORDS + GROWTH, "{ours} against {native}");
}

/// Measures futures of all sizes within two steps of 128 bytes: tokio rounds the size of a task up to a
/// multiple of that.
#[test]
fn a_child_takes_at_most_128_bytes_beyond_the_backend() {
    macro_rules! check {
        ($($words:literal)*) => {
            $( check_bytes::<$words>(); )*
        };
    }
    check!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

fn check_bytes<const WORDS: usize>() {
    let native = on_tokio(async {
        bytes(|| {
            for _ in 0..TASKS {
                drop(tokio::spawn(Blocked([0; WORDS])));
            }
        })
    });
    let ours = in_group(|group| {
        bytes(|| {
            for _ in 0..TASKS {
                group.spawn(Blocked([0; WORDS]));
            }
        })
    });
    let beyond = ours.saturating_sub(native) / TASKS;
    assert!(
        beyond <= 128,
        "{beyond} bytes for a future of {WORDS} words"
    );
}

/// A future that never completes, of a given size.
struct Blocked<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Future for Blocked<WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        black_box(self.0);
        Poll::Pending
    }
}

#[test]
fn a_child_hardly_allocates_beyond_the_backend_in_its_whole_life() {
    // The difference does not contain the allocations of the run and the group.
    let native = native_tasks(2 * TASKS) - native_tasks(TASKS);
    let ours = children(2 * TASKS) - children(TASKS);
    assert!(native >= TASKS, "tokio allocates its task: {native}");
    assert!(ours <= native + RECORDS + GROWTH, "{ours} against {native}");
}

#[test]
fn children_that_have_ended_leave_nothing_behind() {
    let most = |children: u64| {
        let measured = measure(|| {
            let main = task_group::<Tokio, Infallible, _, _>(|group| async move {
                for _ in 0..children {
                    let value = group.spawn(async { Ok([0_u8; 100]) }).await;
                    assert!(value.is_ok());
                }
            });
            on_tokio(main).expect("nothing fails here");
        });
        measured.bytes_max
    };
    // A few blocks of records that are being filled.
    let (few, many) = (most(100), most(40_000));
    assert!(many < few + 16 * 1024, "{many} against {few} bytes");
}

#[test]
fn waiting_for_a_child_allocates_at_most_twice() {
    let ours = in_group(|group| {
        let mut handles: Vec<_> = (0..TASKS).map(|_| group.spawn(pending::<()>())).collect();
        count(|| {
            let mut cx = Context::from_waker(Waker::noop());
            for handle in &mut handles {
                assert!(Pin::new(handle).poll(&mut cx).is_pending());
            }
        })
    });
    assert!(ours <= 2 * TASKS, "{ours}");
}

#[test]
fn a_limit_around_a_ready_future_allocates_nothing() {
    on_tokio(async {
        let limit = Duration::from_secs(3600);
        let none = count(|| {
            let mut cx = Context::from_waker(Waker::noop());
            let moved_on = pin!(move_on_after::<Tokio, _>(limit, ready(1))).poll(&mut cx);
            assert_eq!(moved_on, Poll::Ready(Some(1)));
            let failed = pin!(fail_after::<Tokio, _>(limit, ready(2))).poll(&mut cx);
            assert!(matches!(failed, Poll::Ready(Ok(2))));
        });
        assert_eq!(none, 0);
    });
}

#[test]
fn a_limit_that_needs_no_timer_allocates_nothing_while_it_waits() {
    on_tokio(async {
        let none = count(|| {
            let mut cx = Context::from_waker(Waker::noop());
            let mut limited = pin!(move_on_at::<Tokio, _>(Instant::FAR_FUTURE, pending::<()>()));
            assert!(limited.as_mut().poll(&mut cx).is_pending());
            assert!(limited.as_mut().poll(&mut cx).is_pending());
        });
        assert_eq!(none, 0);
    });
}

/// Runs a future in a run on one thread.
fn on_tokio<F: Future>(future: F) -> F::Output {
    let backend = anyrt_tokio::Builder::current_thread();
    anyrt_core::run(&backend, RunOptions::new(), future).expect("nothing fails here")
}

/// Runs the body of a group, and cancels what it has spawned.
fn in_group<T>(body: impl FnOnce(&TaskGroup<Tokio, Infallible>) -> T) -> T {
    let value = on_tokio(task_group::<Tokio, Infallible, _, _>(|group| async move {
        let value = body(&group);
        group.cancel();
        Ok(value)
    }));
    value.expect("nothing fails here")
}

/// Returns the number of bytes that `f` allocates and does not free.
fn bytes(f: impl FnOnce()) -> u64 {
    u64::try_from(measure(f).bytes_current).expect("more is allocated than freed")
}

fn count(f: impl FnOnce()) -> u64 {
    measure(f).count_total
}

/// A future that yields once. It is too small for the task to be boxed.
struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Returns the number of allocations of a run that spawns `children` children, which yield once.
fn children(children: u64) -> u64 {
    count(|| {
        let main = task_group::<Tokio, Infallible, _, _>(|group| async move {
            for _ in 0..children {
                group.spawn(YieldOnce(false));
            }
        });
        on_tokio(main).expect("nothing fails here");
    })
}

/// Returns the number of allocations with `tasks` tasks of the runtime itself.
fn native_tasks(tasks: u64) -> u64 {
    count(|| {
        on_tokio(async {
            for _ in 0..tasks {
                drop(tokio::spawn(YieldOnce(false)));
            }
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
    })
}
