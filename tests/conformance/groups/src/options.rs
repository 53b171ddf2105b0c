//! Methods of a group's handle: G7 (spawning late), G10 (keep going).

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use anyrt_core::cancel::{CancelScope, checkpoint};
use anyrt_core::error::{GroupError, SpawnError};
use anyrt_core::task::{self, GroupOptions, TaskGroup, task_group};
use anyrt_core::time::sleep_forever;

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch, catch_sync, forever, panic_quietly, run, until};

/// G7: `try_spawn` returns the future, unpolled and whole, once the group has ended.
pub fn try_spawn_gives_the_future_back(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.try_spawn(async { Ok(1) }).expect("the group lives");
            assert_eq!(child.value().await, 1);
            Ok(tg)
        });
        let ended: TaskGroup<R, Infallible> = group.await.unwrap();
        let polled = Flag::new();
        let polling = polled.clone();
        let refused = ended.try_spawn(async move {
            polling.raise();
            Ok(2)
        });
        let SpawnError(future) = refused.unwrap_err();
        assert!(!polled.is_raised());
        assert_eq!(future.await.unwrap(), 2);
        assert!(polled.is_raised());
    });
}

/// G7: a child's builder returns the future, too; a child that is accepted has its name.
pub fn a_prepared_child_can_be_refused(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let named = tg.task().name("named");
            let child = named.try_spawn(async { Ok(task::current().unwrap().name()) });
            let name = child.expect("the group lives").value().await;
            assert_eq!(&*name, "named");
            Ok(tg)
        });
        let ended = group.await.unwrap();
        let refused = ended.task().name("late").try_spawn(async { Ok(2) });
        let SpawnError(future) = refused.unwrap_err();
        assert_eq!(future.await.unwrap(), 2);
        let panic = catch_sync(|| {
            ended.task().spawn(async {});
        });
        let message = panic.unwrap_err();
        assert!(message.contains("try_spawn"), "{message}");
    });
}

/// G7: `spawn` into a group that has ended panics, and names `try_spawn`; the future is dropped.
pub fn spawning_late_panics_and_names_the_way_out(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| Ok(tg));
        let ended = group.await.unwrap();
        let dropped = Flag::new();
        let child = forever(&dropped);
        let panic = catch_sync(|| {
            ended.spawn(async move {
                child.await;
            });
        });
        let message = panic.unwrap_err();
        assert!(message.contains("try_spawn"), "{message}");
        assert!(dropped.is_raised());
    });
}

/// G7: a group that has failed has ended as well.
pub fn a_failed_group_takes_no_children(backend: &Backend) {
    run(backend, async {
        let kept = Arc::new(Mutex::new(None));
        let group = task_group::<R, &str, (), _>(async |tg| {
            *kept.lock().unwrap() = Some(tg);
            Err("failed")
        });
        assert!(group.await.is_err());
        let ended = kept.lock().unwrap().take().unwrap();
        assert!(ended.try_spawn(async {}).is_err());
        assert_eq!(ended.living(), 0);
    });
}

/// G7: a group that is cancelled still accepts children; they run up to their first wait.
pub fn a_cancelled_group_starts_its_children(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            tg.cancel();
            let child = log.clone();
            tg.try_spawn(async move {
                child.add("started");
                checkpoint().await;
                child.add("not reached");
            })
            .expect("a cancelled group has not ended");
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(log.entries(), ["started"]);
    });
}

/// G7: active children are counted: every child from its spawn to its end.
pub fn a_group_counts_its_living_children(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            assert_eq!(tg.living(), 0);
            let gate = Gate::new();
            for n in 1..=5 {
                let gate = gate.clone();
                tg.spawn(async move { gate.opened().await });
                assert_eq!(tg.living(), n);
            }
            gate.open();
            until(|| tg.living() == 0).await;
            Ok(tg)
        });
        assert_eq!(group.await.unwrap().living(), 0);
    });
}

/// G10: in a group that keeps going a failed child cancels no other; all errors are reported at the end.
pub fn siblings_survive_where_the_group_keeps_going(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let options = GroupOptions::new().keep_going();
        let group = options.run::<R, u32, &str, _>(async |tg| {
            let first = tg.spawn(async { Err::<(), _>(1) });
            first.wait().await;
            let other = log.clone();
            let sibling = tg.spawn(async move {
                for _ in 0..5 {
                    checkpoint().await;
                }
                other.add("sibling");
            });
            tg.spawn(async {
                checkpoint().await;
                Err::<(), _>(2)
            });
            assert!(sibling.await.is_ok());
            checkpoint().await;
            log.add("body");
            Ok("value")
        });
        let Err(GroupError::Failed(failures)) = group.await else {
            panic!("the group must fail")
        };
        let mut errors: Vec<u32> = failures.into_iter().collect();
        errors.sort_unstable();
        assert_eq!(errors, [1, 2]);
        assert_eq!(log.entries(), ["sibling", "body"]);
    });
}

/// G10: without any error such a group returns the value of its body.
pub fn a_group_that_keeps_going_gives_its_value(backend: &Backend) {
    run(backend, async {
        let options = GroupOptions::new().keep_going();
        let group = options.run::<R, u32, _, _>(async |tg| {
            tg.spawn(async { checkpoint().await });
            Ok(5)
        });
        assert_eq!(group.await.unwrap(), 5);
    });
}

/// G10: the error of the body is added to the others; the children continue to their end.
pub fn an_error_of_the_body_is_reported_with_the_others(backend: &Backend) {
    run(backend, async {
        let options = GroupOptions::new().keep_going();
        let group = options.run::<R, u32, (), _>(async |tg| {
            let failed = tg.spawn(async { Err::<(), _>(1) });
            failed.wait().await;
            Err(2)
        });
        let Err(GroupError::Failed(failures)) = group.await else {
            panic!("the group must fail")
        };
        let mut errors: Vec<u32> = failures.into_iter().collect();
        errors.sort_unstable();
        assert_eq!(errors, [1, 2]);
    });
}

/// G10, G4: a panic is not an error: it cancels such a group too, and continues in the host.
pub fn a_panic_ends_a_group_that_keeps_going(backend: &Backend) {
    run(backend, async {
        let dropped = Flag::new();
        let sibling = forever(&dropped);
        let options = GroupOptions::new().keep_going();
        let group = options.run::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async move {
                sibling.await;
            });
            tg.spawn(async { panic_quietly("child") });
            sleep_forever().await
        });
        assert_eq!(catch(group).await.unwrap_err(), "child");
        assert!(dropped.is_raised());
    });
}

/// G10: such a group can be cancelled like any other, from inside and from outside.
pub fn a_group_that_keeps_going_can_be_cancelled(backend: &Backend) {
    run(backend, async {
        let dropped = Flag::new();
        let child = forever(&dropped);
        let options = GroupOptions::new().keep_going();
        let group = options.run::<R, &str, _, _>(async |tg| {
            tg.spawn(async move {
                child.await;
            });
            tg.cancel();
            Ok(1)
        });
        assert_eq!(group.await.unwrap(), 1);
        assert!(dropped.is_raised());

        let dropped = Flag::new();
        let child = forever(&dropped);
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let options = GroupOptions::new().keep_going();
        let result = scope.run(options.run::<R, &str, _, _>(async |tg| {
            tg.spawn(async move {
                child.await;
            });
            handle.cancel();
            sleep_forever().await
        }));
        assert!(result.await.is_err());
        assert!(dropped.is_raised());
    });
}

/// G10: a server that never ends has each error reported as it occurs.
pub fn errors_can_be_reported_one_by_one(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let reported = log.clone();
        let report = move |error: u32| reported.add(format!("error {error}"));
        let options = GroupOptions::new();
        let group = options.run_reporting::<R, u32, _, _>(report, async |tg| {
            for n in 0..3 {
                let child = tg.spawn(async move { Err::<(), _>(n) });
                child.wait().await;
                until(|| log.has(&format!("error {n}"))).await;
                log.add("still serving");
            }
            Ok("served")
        });
        assert_eq!(
            group.await.unwrap(),
            "served",
            "what was reported is done with"
        );
        let expected = [
            "error 0",
            "still serving",
            "error 1",
            "still serving",
            "error 2",
            "still serving",
        ];
        assert_eq!(log.entries(), expected);
    });
}

anyrt_conformance_kit::cases! { options: erased,
    try_spawn_gives_the_future_back,
    a_prepared_child_can_be_refused,
    spawning_late_panics_and_names_the_way_out,
    a_failed_group_takes_no_children,
    a_cancelled_group_starts_its_children,
    a_group_counts_its_living_children,
    siblings_survive_where_the_group_keeps_going,
    a_group_that_keeps_going_gives_its_value,
    an_error_of_the_body_is_reported_with_the_others,
    a_panic_ends_a_group_that_keeps_going,
    a_group_that_keeps_going_can_be_cancelled,
    errors_can_be_reported_one_by_one,
}
