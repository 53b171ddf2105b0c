//! Task groups: tasks that are cancelled by their handles, and waiting for them. TG-12, TG-25, rules C4, G8.

use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::{CancelScope, checkpoint, finally};
use anyrt_core::task::TaskHandle;

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked, until_cancelled};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, catch, poll_once};

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

anyrt_conformance_kit::cases! { groups_handles_cancel: erased,
    cancelling_a_handle_cancels_that_task_alone,
    a_task_cancelled_before_it_ran_runs_to_its_first_wait,
    a_task_that_cancels_itself_stops_at_its_next_operation,
    waiting_for_a_task_is_a_cancel_point,
    the_value_of_a_cancelled_task_is_a_panic,
    waiting_for_the_value_of_a_failed_task_is_cancelled,
    a_task_cancelled_alone_cleans_up,
    a_cancelled_task_that_completes_has_a_value,
}
