//! Outcomes of operations that are settled, and operations that outlive the scope that refused them: C4.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled,
};
use anyrt_core::task::task_group;
use anyrt_core::thread::to_thread;
use anyrt_core::time::{now, sleep, sleep_forever, sleep_until};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, in_cancelled_scope, poll_once, run};

/// C4, SY-01: an operation that had started returns an outcome that is settled when it is polled, though
/// the scope was cancelled meanwhile; the next operation is refused.
pub fn a_settled_outcome_is_delivered(backend: &Backend) {
    run(backend, async {
        let (gate, log) = (Gate::new(), Log::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let opened = gate.clone();
            let child = tg.spawn(async move { opened.opened().await });
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut scoped = pin!(scope.run(async {
                child.wait().await;
                log.add("delivered");
                checkpoint().await;
                log.add("not reached");
            }));
            assert!(poll_once(scoped.as_mut()).await.is_pending());
            gate.open();
            while !child.is_finished() {
                checkpoint().await;
            }
            handle.cancel();
            assert!(scoped.await.is_err());
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(log.entries(), ["delivered"]);
    });
}

/// C4: a settled outcome is returned in a cancelled scope also where the budget is used up: the budget does
/// not apply while effectively cancelled.
pub fn no_outcome_is_lost_to_the_budget(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let ended = tg.spawn(async {});
            ended.wait().await;
            for spent in [0, 1, 7, 31, 63, 127, 128, 129, 255, 256, 1000] {
                // A new turn, with a whole budget.
                cancel_shielded_checkpoint().await;
                let gate = Gate::new();
                let opened = gate.clone();
                let child = tg.spawn(async move { opened.opened().await });
                let delivered = Flag::new();
                let scope = CancelScope::<R>::new();
                let handle = scope.handle();
                let mut scoped = pin!(scope.run(async {
                    child.wait().await;
                    delivered.raise();
                    sleep_forever().await;
                }));
                assert!(poll_once(scoped.as_mut()).await.is_pending());
                gate.open();
                while !child.is_finished() {
                    checkpoint().await;
                }
                // Uses up that much of this turn's budget, and then polls the scope in it.
                let mut spend = pin!(async {
                    for _ in 0..spent {
                        ended.wait().await;
                    }
                });
                poll_fn(|cx| {
                    let _ = spend.as_mut().poll(cx);
                    handle.cancel();
                    let _ = scoped.as_mut().poll(cx);
                    Poll::Ready(())
                })
                .await;
                assert!(scoped.await.is_err());
                assert!(delivered.is_raised(), "lost after {spent} operations");
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// C4: an operation that was refused in a scope, and outlives it, starts when the scope has been
/// left.
pub fn a_refused_operation_starts_when_its_scope_is_left(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let mut operation = Box::pin(async {
            checkpoint_if_cancelled().await;
            log.add("started");
            checkpoint().await;
            log.add("completed");
        });
        let lent = in_cancelled_scope::<R, _>(operation.as_mut()).await;
        assert!(lent.is_err());
        assert!(log.entries().is_empty());
        operation.await;
        assert_eq!(log.entries(), ["started", "completed"]);
    });
}

/// C4: leaving the scope wakes a refused operation: in a set of futures it would not be polled otherwise.
pub fn a_refused_operation_is_woken_when_its_scope_is_left(backend: &Backend) {
    run(backend, async {
        let operations: Vec<LocalBoxFuture<'_, ()>> = vec![
            checkpoint().boxed_local(),
            sleep::<R>(Duration::ZERO).map(drop).boxed_local(),
            sleep::<R>(Duration::from_millis(1)).map(drop).boxed_local(),
            to_thread::run::<R, _, _>(|| ()).boxed_local(),
        ];
        let mut set: FuturesUnordered<_> = operations.into_iter().collect();
        let count = set.len();
        let refused = in_cancelled_scope::<R, _>(set.next()).await;
        assert!(refused.is_err(), "everything in it is refused");
        for _ in 0..count {
            assert!(set.next().await.is_some());
        }
        assert!(set.next().await.is_none());
    });
}

/// C4: an operation that was pending when its scope was cancelled is not lost either, if it outlives the
/// scope.
pub fn a_pending_operation_survives_the_scope_it_was_lent_to(backend: &Backend) {
    run(backend, async {
        let deadline = now::<R>() + Duration::from_millis(30);
        let mut operation = pin!(sleep_until::<R>(deadline));
        for _ in 0..2 {
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut scoped = pin!(scope.run(operation.as_mut()));
            if poll_once(scoped.as_mut()).await.is_ready() {
                return; // This machine is very slow today.
            }
            handle.cancel();
            let _ = scoped.await;
        }
        operation.await;
        assert!(now::<R>() >= deadline);
    });
}

anyrt_conformance_kit::cases! { operations_outcomes: erased,
    a_settled_outcome_is_delivered,
    no_outcome_is_lost_to_the_budget,
    a_refused_operation_starts_when_its_scope_is_left,
    a_refused_operation_is_woken_when_its_scope_is_left,
    a_pending_operation_survives_the_scope_it_was_lent_to,
}
