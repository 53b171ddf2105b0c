//! Task groups: the handles of tasks. TG-23 to TG-27, rule G8.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use anyrt_core::cancel::{CancelScope, checkpoint, finally, shield};
use anyrt_core::error::ValueError;
use anyrt_core::task::{TaskHandle, TaskStatus, task_group};

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked, until_cancelled};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, OnDrop, catch, catch_sync, panic_quietly, poll_once, run};

/// TG-23, G8: a handle can be awaited for the task's value, before or after the group's end.
pub fn a_handle_gives_the_value_of_its_task(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut kept: Option<TaskHandle<u32>> = None;
        let result = K::open(async |tg: K::Group<&'static str>| {
            kept = Some(tg.spawn(async {
                checkpoint().await;
                Ok(1)
            }));
            let early = tg.spawn(async {
                checkpoint().await;
                Ok(2)
            });
            assert_eq!(early.await.unwrap(), 2);
            assert_eq!(tg.spawn(async { Ok(3) }).value().await, 3);
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(kept.expect("the body has run").await.unwrap(), 1);
    }
    on_each_kind!(backend, scenario);
}

/// TG-23, TG-27: a value that can be cloned can be read more than once, and not before the task has ended.
pub fn a_shareable_value_can_be_read_more_than_once(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let gate = Gate::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let opened = gate.clone();
            let handle = tg.spawn(async move {
                opened.opened().await;
                Ok(7)
            });
            assert!(handle.try_value().is_err(), "not finished");
            gate.open();
            handle.wait().await;
            assert_eq!(handle.try_value().unwrap(), 7);
            assert_eq!(handle.try_value().unwrap(), 7);
            assert_eq!(handle.await.unwrap(), 7);
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// TG-24: the handle of a failed task reports *failed*; the error itself is in the group's error.
pub fn the_handle_of_a_failed_task_says_so(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let mut kept = None;
        let result = K::open(async |tg: K::Group<&'static str>| -> Result<(), _> {
            kept = Some(tg.spawn(async { Err::<u32, _>("failed") }));
            blocked().await;
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        let handle = kept.expect("the body has run");
        assert_eq!(handle.status(), TaskStatus::Failed);
        assert!(handle.try_value().is_err());
        let error = handle.await.unwrap_err();
        assert!(error.is_failed() && !error.is_cancelled());
    }
    on_each_kind!(backend, scenario);
}

/// TG-25, G8: cancelling a handle cancels that one task; the group has not failed, and awaiting the handle
/// reports *cancelled*.
pub fn cancelling_a_handle_cancels_that_task_alone(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (started, go_on, log) = (Countdown::new(2), Gate::new(), Log::new());
        let result = K::open(async |tg: K::Group<&'static str>| {
            let (arrive, guard) = (started.clone(), log.on_drop("cancelled one gone"));
            let cancelled = tg.spawn(async move {
                let _guard = guard;
                arrive.arrive();
                blocked().await;
                Ok(1)
            });
            let (arrive, gate) = (started.clone(), go_on.clone());
            let sibling = tg.spawn(async move {
                arrive.arrive();
                gate.opened().await;
                checkpoint().await;
                Ok(2)
            });
            started.all_arrived().await;
            cancelled.cancel();
            cancelled.cancel();
            let error = cancelled.await.unwrap_err();
            assert!(error.is_cancelled() && !error.is_failed());
            assert!(log.has("cancelled one gone"));
            go_on.open();
            assert_eq!(sibling.value().await, 2);
            Ok("not failed")
        })
        .await;
        assert_eq!(result.unwrap(), "not failed");
    }
    on_each_kind!(backend, scenario);
}

/// TG-25, TG-12: a task that is cancelled before it ran runs up to its first wait.
pub fn a_task_cancelled_before_it_ran_runs_to_its_first_wait(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (ran, completed) = (Flag::new(), Flag::new());
        let result = K::open(async |tg: K::Group<&'static str>| {
            let (ran, waits) = (ran.clone(), Gate::new());
            let handle = tg.spawn(async move {
                ran.raise();
                waits.opened().await;
                Ok(())
            });
            handle.cancel();
            assert!(handle.await.unwrap_err().is_cancelled());
            let done = completed.clone();
            let handle = tg.spawn(async move {
                done.raise();
                Ok(7)
            });
            handle.cancel();
            assert_eq!(handle.await.unwrap(), 7, "it never waits, so it completes");
            Ok(())
        })
        .await;
        assert!(result.is_ok());
        assert!(ran.is_raised() && completed.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-25, HO-05, C2: a task that cancels itself is cancelled for its very next operation.
pub fn a_task_that_cancels_itself_stops_at_its_next_operation(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let log = Log::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let ready = tg.spawn(async {});
            ready.wait().await;
            let slot = std::sync::Arc::new(std::sync::Mutex::new(None::<TaskHandle<()>>));
            let (own, put, log) = (slot.clone(), Gate::new(), log.clone());
            let is_put = put.clone();
            let handle = tg.spawn(async move {
                is_put.opened().await;
                let handle = own.lock().unwrap().take().expect("it was put there");
                handle.cancel();
                log.add("cancelled");
                ready.wait().await;
                log.add("went on");
            });
            *slot.lock().unwrap() = Some(handle);
            put.open();
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["cancelled"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-26: `wait` returns when the task has ended, however it ended, and at once if it had before.
pub fn wait_returns_however_the_task_ended(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (mut failed, opened) = (None, Gate::new());
        let result = K::open(async |tg: K::Group<&'static str>| {
            let gate = opened.clone();
            let well = tg.spawn(async move {
                gate.opened().await;
                checkpoint().await;
                Ok(())
            });
            assert!(!well.is_finished());
            opened.open();
            well.wait().await;
            assert!(well.is_finished());
            well.wait().await;
            let cancelled = tg.spawn(blocked());
            cancelled.cancel();
            cancelled.wait().await;
            assert!(cancelled.is_finished());
            let fails = tg.spawn(async { Err::<(), _>("failed") });
            shield(fails.wait()).await;
            failed = Some(fails);
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        let failed = failed.expect("the body came to its end");
        assert!(poll_once(pin!(failed.wait())).await.is_ready());
    }
    on_each_kind!(backend, scenario);
}

/// TG-27: the status of a task changes from pending, possibly through cancelling, to one of three final
/// states.
pub fn the_status_follows_the_life_of_the_task(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (started, release) = (Gate::new(), Gate::new());
        let mut failed = None;
        let result = K::open(async |tg: K::Group<&'static str>| {
            let (running, released) = (started.clone(), release.clone());
            let handle = tg.spawn(finally(
                async move {
                    running.open();
                    blocked().await;
                    Ok(1)
                },
                async move || released.opened().await,
            ));
            started.opened().await;
            assert_eq!(handle.status(), TaskStatus::Pending);
            handle.cancel();
            checkpoint().await;
            assert_eq!(handle.status(), TaskStatus::Cancelling);
            assert!(handle.try_value().is_err());
            release.open();
            handle.wait().await;
            assert_eq!(handle.status(), TaskStatus::Cancelled);
            assert!(handle.try_value().is_err());

            let finished = tg.spawn(async { Ok(2) });
            finished.wait().await;
            assert_eq!(finished.status(), TaskStatus::Finished);
            finished.cancel();
            assert_eq!(finished.status(), TaskStatus::Finished);

            let fails = tg.spawn(async { Err::<(), _>("failed") });
            shield(fails.wait()).await;
            assert_eq!(fails.status(), TaskStatus::Failed);
            failed = Some(fails);
            Ok(())
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
    }
    on_each_kind!(backend, scenario);
}

/// G8: dropping a handle does nothing to its task.
pub fn dropping_a_handle_does_nothing(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (gate, done) = (Gate::new(), Flag::new());
        let result = K::open(async |tg: K::Group<Infallible>| {
            let (opened, done) = (gate.clone(), done.clone());
            drop(tg.spawn(async move {
                opened.opened().await;
                checkpoint().await;
                done.raise();
            }));
            checkpoint().await;
            gate.open();
        })
        .await;
        assert!(result.is_ok());
        assert!(done.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// C4, G8: waiting for a task is an operation: it does not start in a cancelled scope; and one that had
/// started returns an outcome that is settled by the time it is polled.
pub fn waiting_for_a_task_is_a_cancel_point(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<Infallible>| {
            let done = tg.spawn(async { Ok(7) });
            done.wait().await;
            let scope = CancelScope::<R>::new();
            scope.handle().cancel();
            assert!(
                scope.run(done.wait()).await.is_err(),
                "not started, though it is ready"
            );

            let scope = CancelScope::<R>::new();
            let (handle, gate) = (scope.handle(), Gate::new());
            let opened = gate.clone();
            let late = tg.spawn(async move { opened.opened().await });
            let body = async {
                let mut wait = pin!(late.wait());
                assert!(poll_once(wait.as_mut()).await.is_pending());
                gate.open();
                while !late.is_finished() {
                    checkpoint().await;
                }
                handle.cancel();
                // It had started, and its outcome is settled.
                wait.await;
                "delivered"
            };
            assert_eq!(scope.run(body).await.unwrap(), "delivered");
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// G8: `value` of a task that was cancelled alone panics with that message.
pub fn the_value_of_a_cancelled_task_is_a_panic(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<Infallible>| {
            let handle = tg.spawn(blocked());
            handle.cancel();
            let message = catch(handle.value()).await.unwrap_err();
            assert!(message.contains("cancelled"), "{message}");
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// G8, G3: waiting for the `value` of a failed task is cancelled, because the group is being cancelled.
pub fn waiting_for_the_value_of_a_failed_task_is_cancelled(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let went_on = Flag::new();
        let result = K::open(async |tg: K::Group<&'static str>| {
            let handle = tg.spawn(async {
                checkpoint().await;
                Err::<u32, _>("failed")
            });
            let value = handle.value().await;
            went_on.raise();
            Ok(value)
        })
        .await;
        assert_eq!(result.unwrap_err().errors(), ["failed"]);
        assert!(!went_on.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-25, C6: a task that was cancelled alone still does its clean-up, and its handle waits.
pub fn a_task_cancelled_alone_cleans_up(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, started) = (Log::new(), Gate::new());
        let result = K::open(async |tg: K::Group<Infallible>| {
            let (running, log_of_child) = (started.clone(), log.clone());
            let handle = tg.spawn(finally(
                async move {
                    running.open();
                    blocked().await;
                },
                async move || {
                    checkpoint().await;
                    log_of_child.add("cleaned up");
                },
            ));
            started.opened().await;
            handle.cancel();
            handle.wait().await;
            log.add("waited");
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["cleaned up", "waited"]);
    }
    on_each_kind!(backend, scenario);
}

/// TG-25, C7: a task that completes although it was cancelled has a value.
pub fn a_cancelled_task_that_completes_has_a_value(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let started = Gate::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let running = started.clone();
            let handle = tg.spawn(async move {
                running.open();
                until_cancelled().await;
                Ok("completed")
            });
            started.opened().await;
            handle.cancel();
            assert_eq!(handle.await.unwrap(), "completed");
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// G13: a task has the name it was given, an empty one too, and a unique id.
pub fn tasks_have_names_and_ids(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let named = tg.task().name("reader").spawn(async {});
            let empty = tg.task().name("").spawn(async {});
            let unnamed = tg.spawn(async {});
            assert_eq!(&*named.name(), "reader");
            assert_eq!(&*empty.name(), "");
            assert!(!unnamed.name().is_empty(), "named after the spawn site");
            assert!(named.id() != empty.id() && empty.id() != unnamed.id());
        })
        .await;
        assert!(result.is_ok());
    });
}

/// G8: an unclaimed value stays until its handle is dropped.
pub fn unclaimed_values_are_dropped_with_their_handles(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let dropped = Flag::new();
        let mut kept = None;
        let result = K::open(async |tg: K::Group<Infallible>| {
            let flag = dropped.clone();
            let handle = tg.spawn(async move { Ok(OnDrop::new(move || flag.raise())) });
            handle.wait().await;
            kept = Some(handle);
        })
        .await;
        assert!(result.is_ok());
        assert!(!dropped.is_raised(), "the handle can still ask for it");
        drop(kept);
        assert!(dropped.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-23: values of many types and sizes in one group; an unclaimed value is dropped once.
pub fn values_of_many_types_reach_their_handles(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let counted = Arc::new(());
        let given = counted.clone();
        let result = K::open(async move |tg: K::Group<Infallible>| {
            for n in 0..40_u64 {
                let number = tg.spawn(async move { Ok(n) });
                let text = tg.spawn(async move {
                    checkpoint().await;
                    Ok(n.to_string())
                });
                let large = tg.spawn(async move { Ok([n; 16]) });
                let nothing = tg.spawn(async { checkpoint().await });
                let token = given.clone();
                let token = tg.spawn(async move {
                    checkpoint().await;
                    Ok(token)
                });
                match n % 4 {
                    0 => drop(token),
                    1 => {
                        token.wait().await;
                        drop(token);
                    }
                    2 => {
                        token.wait().await;
                        drop(token.try_value().unwrap());
                        drop(token.await.unwrap());
                    }
                    _ => drop(token.await.unwrap()),
                }
                assert_eq!(text.await.unwrap(), n.to_string());
                assert_eq!(large.await.unwrap(), [n; 16]);
                assert_eq!(number.await.unwrap(), n);
                nothing.await.unwrap();
            }
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(Arc::strong_count(&counted), 1, "each is dropped");
    }
    on_each_kind!(backend, scenario);
}

/// TG-23, TG-27: a value is moved out once, whatever its type, and can be cloned until then.
pub fn a_value_is_given_away_once(backend: &Backend) {
    async fn give_away<K: Kind, T>(tg: &K::Group<Infallible>, value: T)
    where
        T: Clone + std::fmt::Debug + PartialEq + Send + 'static,
    {
        let expected = value.clone();
        let mut handle = tg.spawn(async move {
            checkpoint().await;
            Ok(value)
        });
        handle.wait().await;
        assert_eq!(handle.try_value(), Ok(expected.clone()));
        assert_eq!(handle.try_value(), Ok(expected.clone()));
        assert_eq!((&mut handle).await.unwrap(), expected);
        assert_eq!(handle.try_value(), Err(ValueError::Taken));
        assert!((&mut handle).await.is_err(), "it was taken");
    }
    async fn scenario<K: Kind>() {
        #[derive(Clone, Debug, PartialEq)]
        struct Empty;

        let result = K::open(async |tg: K::Group<Infallible>| {
            for n in 0..20_u64 {
                give_away::<K, ()>(&tg, ()).await;
                give_away::<K, Empty>(&tg, Empty).await;
                give_away::<K, u64>(&tg, n).await;
                give_away::<K, [u64; 16]>(&tg, [n; 16]).await;
                give_away::<K, String>(&tg, n.to_string()).await;
            }
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// TG-27: the handle keeps a value if cloning it panics.
pub fn a_value_stays_when_copying_it_panics(backend: &Backend) {
    struct Fragile(u8);

    impl Clone for Fragile {
        fn clone(&self) -> Fragile {
            panic_quietly("it breaks")
        }
    }

    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<Infallible>| {
            let handle = tg.spawn(async { Ok(Fragile(7)) });
            handle.wait().await;
            let copied = catch_sync(|| handle.try_value().is_ok());
            assert_eq!(copied.unwrap_err(), "it breaks");
            assert_eq!(handle.await.unwrap().0, 7);
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { groups_handles: erased,
    a_handle_gives_the_value_of_its_task,
    a_shareable_value_can_be_read_more_than_once,
    the_handle_of_a_failed_task_says_so,
    cancelling_a_handle_cancels_that_task_alone,
    a_task_cancelled_before_it_ran_runs_to_its_first_wait,
    a_task_that_cancels_itself_stops_at_its_next_operation,
    wait_returns_however_the_task_ended,
    the_status_follows_the_life_of_the_task,
    dropping_a_handle_does_nothing,
    waiting_for_a_task_is_a_cancel_point,
    the_value_of_a_cancelled_task_is_a_panic,
    waiting_for_the_value_of_a_failed_task_is_cancelled,
    a_task_cancelled_alone_cleans_up,
    a_cancelled_task_that_completes_has_a_value,
    tasks_have_names_and_ids,
    unclaimed_values_are_dropped_with_their_handles,
    values_of_many_types_reach_their_handles,
    a_value_is_given_away_once,
    a_value_stays_when_copying_it_panics,
}
