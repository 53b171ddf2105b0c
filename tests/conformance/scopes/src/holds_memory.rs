//! Holds and groups leave nothing behind: HO-21.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, finally, move_on_after,
};
use anyrt_core::task::{TaskGroup, scoped_task_group, task_group};

use super::holds_support::resident_bytes;
use crate::erased::{Backend, R};
use crate::harness::repeats;
use crate::kinds::blocked;
use crate::support::{poll_once, run};

/// Returns the number of steps of a case: a million in long tests.
fn steps() -> usize {
    repeats(1_000_000, 30)
}

/// Returns the growth that is allowed: less than a leak of one object in each step, and at least the random
/// growth of the process.
fn allowed(steps: usize) -> usize {
    (steps * 12).max(2 << 20)
}

/// Panics if memory grows after the first tenth of the steps. Allocators grow at random, so it has to grow
/// several times over.
async fn stays_flat<F: Future<Output = ()>>(steps: usize, step: impl Fn(usize) -> F) {
    let mut growth = Vec::new();
    for _ in 0..4 {
        let scope = CancelScope::<R>::new();
        let grown = scope
            .run(async {
                let mut early = None;
                for n in 0..steps {
                    step(n).await;
                    if n == steps / 10 {
                        early = resident_bytes();
                    }
                }
                // Where memory cannot be measured, the case only checks that it ends.
                Some(resident_bytes()?.saturating_sub(early?))
            })
            .await;
        match grown.expect("nothing cancels it") {
            Some(grown) if grown > allowed(steps) => growth.push(grown),
            _ => return,
        }
    }
    panic!("memory grew by so many bytes: {growth:?}");
}

/// HO-21: shields leave nothing behind: one after the other, each of them pending once, in one scope.
pub fn many_shields_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let shields = stays_flat(steps(), |_| cancel_shielded_checkpoint());
        // By hand, because a scheduler in between would only take time.
        let mut shields = pin!(shields);
        let mut cx = Context::from_waker(Waker::noop());
        while shields.as_mut().poll(&mut cx) == Poll::Pending {}
    });
}

/// HO-21: groups leave nothing behind: one after the other, in one scope; every twentieth with a child that
/// waits.
pub fn many_groups_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let groups = stays_flat(steps(), |n| async move {
            let result = match n % 20 {
                0 => {
                    scoped_task_group::<R, Infallible, _, _>(async |tg| {
                        tg.spawn(checkpoint());
                    })
                    .await
                }
                odd if odd % 2 == 0 => scoped_task_group::<R, Infallible, _, _>(async |_| ()).await,
                _ => task_group::<R, Infallible, _, _>(async |_| ()).await,
            };
            assert!(result.is_ok());
        });
        let mut groups = pin!(groups);
        let mut cx = Context::from_waker(Waker::noop());
        while groups.as_mut().poll(&mut cx) == Poll::Pending {}
    });
}

/// HO-21: groups of tasks, which the runtime runs; fewer of them, because they take longer.
pub fn many_groups_of_tasks_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        stays_flat(steps() / 10, async |_| {
            let result = task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(async {});
            });
            assert!(result.await.is_ok());
        })
        .await;
    });
}

/// HO-21, EN-02, EN-25: one program that repeats a mixture of everything: time limits that pass and that do
/// not, tasks that are cancelled, cancel themselves or fail, groups that are aborted, dropped or moved
/// half-way, operations that are refused, clean-ups that hold.
pub fn a_mixed_program_leaves_nothing_behind(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg: TaskGroup<R, _>| {
            stays_flat(steps() / 10, |n| mixed_step(n, &tg)).await;
        });
        assert!(group.await.is_ok());
    });
}

/// Runs a group with a child that cleans up when it is cancelled.
async fn group_that_cleans_up() {
    let group = task_group::<R, Infallible, _, _>(async |tg: TaskGroup<R, _>| {
        tg.spawn(finally(blocked(), async || checkpoint().await));
        blocked().await;
    });
    let _ = group.await;
}

async fn mixed_step(n: usize, around: &TaskGroup<R, Infallible>) {
    match n % 9 {
        0 => {
            let ended = move_on_after::<R, _>(Duration::ZERO, group_that_cleans_up()).await;
            assert!(ended.is_none());
        }
        1 => {
            let ended = move_on_after::<R, _>(Duration::from_secs(60), checkpoint()).await;
            assert!(ended.is_some());
        }
        2 => {
            let group = task_group::<R, u8, _, _>(async |tg: TaskGroup<R, _>| {
                let cancelled = tg.spawn(blocked());
                checkpoint().await;
                cancelled.cancel();
                cancelled.wait().await;
                let scope = tg.scope();
                tg.spawn(async move {
                    scope.cancel();
                    checkpoint().await;
                });
                blocked().await;
                Ok(())
            });
            assert!(group.await.is_err());
        }
        3 => {
            let group = task_group::<R, u8, _, _>(async |tg: TaskGroup<R, _>| {
                tg.spawn(async { Err::<(), u8>(7) });
                blocked().await;
                Ok(())
            });
            assert!(group.await.is_err());
        }
        4 => {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let aborted = scope.run(async {
                let mut group = pin!(group_that_cleans_up());
                assert!(poll_once(group.as_mut()).await.is_pending());
                handle.abort();
                group.await;
            });
            assert!(aborted.await.is_err());
        }
        5 => {
            let mut dropped = Box::pin(group_that_cleans_up());
            assert!(poll_once(dropped.as_mut()).await.is_pending());
        }
        6 => {
            let mut moved = Box::pin(group_that_cleans_up());
            assert!(poll_once(moved.as_mut()).await.is_pending());
            let handle = around.spawn(moved);
            checkpoint().await;
            handle.cancel();
            handle.wait().await;
        }
        7 => {
            let ended = move_on_after::<R, _>(Duration::ZERO, async {
                let mut held = pin!(finally(blocked(), async || checkpoint().await));
                assert!(poll_once(held.as_mut()).await.is_pending());
                for _ in 0..3 {
                    assert!(poll_once(pin!(checkpoint())).await.is_pending());
                }
                held.await;
            });
            assert!(ended.await.is_none());
        }
        _ => {
            let value = around.start(async move |started| {
                started.started(n);
                checkpoint().await;
                Ok(())
            });
            assert_eq!(value.await, Ok(n));
        }
    }
}

anyrt_conformance_kit::cases! { holds_memory: erased [Process],
    many_shields_leave_nothing_behind,
    many_groups_leave_nothing_behind,
    many_groups_of_tasks_leave_nothing_behind,
    a_mixed_program_leaves_nothing_behind,
}
