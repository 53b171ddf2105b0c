//! Holds and groups come and go without leaving anything behind: HO-21.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use anyrt_core::cancel::{CancelScope, cancel_shielded_checkpoint, checkpoint};
use anyrt_core::task::{scoped_task_group, task_group};

use super::holds_support::resident_bytes;
use crate::erased::{Backend, R};
use crate::support::run;

const MILLION: usize = 1_000_000;

/// Less than a million of anything could take.
const ALLOWED: usize = 12 << 20;

/// Memory must not grow from the tenth part of the way to the end. Other cases run beside this one
/// and allocate too, so what looks like growth has to show several times over.
async fn stays_flat<F: Future<Output = ()>>(step: impl Fn(usize) -> F) {
    let mut growth = Vec::new();
    for _ in 0..4 {
        let scope = CancelScope::<R>::new();
        let grown = scope
            .run(async {
                let mut early = None;
                for n in 0..MILLION {
                    step(n).await;
                    if n == MILLION / 10 {
                        early = resident_bytes();
                    }
                }
                // Where memory cannot be measured, that it ends is all there is to see.
                Some(resident_bytes()?.saturating_sub(early?))
            })
            .await;
        match grown.expect("nobody cancels it") {
            Some(grown) if grown > ALLOWED => growth.push(grown),
            _ => return,
        }
    }
    panic!("memory grew by so many bytes: {growth:?}");
}

/// HO-21: a million shields, one after the other, each of them once pending, in one scope.
pub fn a_million_shields_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let shields = stays_flat(|_| cancel_shielded_checkpoint());
        // By hand, because a scheduler in between would only cost time.
        let mut shields = pin!(shields);
        let mut cx = Context::from_waker(Waker::noop());
        while shields.as_mut().poll(&mut cx) == Poll::Pending {}
    });
}

/// HO-21: a million groups, one after the other, in one scope; every tenth one with a child that
/// waits.
pub fn a_million_groups_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let groups = stays_flat(|n| async move {
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

/// HO-21: groups of tasks, which the runtime runs; fewer of them, for these take their time.
pub fn many_groups_of_tasks_leave_nothing_behind(backend: &Backend) {
    run(backend, async {
        let mut growth = Vec::new();
        for _ in 0..4 {
            let mut early = None;
            for n in 0..MILLION / 10 {
                let result = task_group::<R, Infallible, _, _>(async |tg| {
                    tg.spawn(async {});
                })
                .await;
                assert!(result.is_ok());
                if n == MILLION / 100 {
                    early = resident_bytes();
                }
            }
            match (resident_bytes(), early) {
                (Some(now), Some(early)) if now.saturating_sub(early) > ALLOWED => {
                    growth.push(now - early);
                }
                _ => return,
            }
        }
        panic!("memory grew by so many bytes: {growth:?}");
    });
}

anyrt_conformance_kit::cases! { holds_memory: erased,
    a_million_shields_leave_nothing_behind,
    a_million_groups_leave_nothing_behind,
    many_groups_of_tasks_leave_nothing_behind,
}
