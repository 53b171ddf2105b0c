//! Task groups: `start`, which waits until the child reports that it is ready. TG-05, TG-14 to TG-19,
//! TG-28. That `started` cannot be called twice (TG-18) is a compile-fail test.

use std::convert::Infallible;
use std::pin::pin;

use anyrt_core::cancel::checkpoint;
use anyrt_core::error::StartError;
use anyrt_core::task::{Started, task_group};
use anyrt_core::time::sleep_forever;

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::support::{Flag, Gate, Log, catch, panic_quietly, poll_once, run};

/// TG-05: `start` on a group that has ended returns an error at once, and the function is not called.
pub fn starting_into_an_ended_group_is_refused(backend: &Backend) {
    run(backend, async {
        let mut kept = None;
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            kept = Some(tg.clone());
            Ok(())
        })
        .await;
        result.unwrap();
        let tg = kept.expect("the body has run");
        let (called, polled) = (Flag::new(), Flag::new());
        let child = |started: Started<()>| {
            called.raise();
            let polled = polled.clone();
            async move {
                polled.raise();
                started.started(());
                Ok::<_, &'static str>(())
            }
        };
        let mut start = pin!(tg.try_start(child));
        match poll_once(start.as_mut()).await {
            std::task::Poll::Ready(Err(StartError::GroupEnded)) => {}
            other => panic!("ready with an error was expected: {other:?}"),
        }
        assert!(catch(tg.start(child)).await.is_err(), "`start` panics");
        checkpoint().await;
        assert!(!called.is_raised() && !polled.is_raised());
    });
}

/// TG-14, G9: `start` returns the value that the child passed, when it passed it; the child continues as a
/// member of the group, which waits for it.
pub fn start_waits_until_the_child_is_ready(backend: &Backend) {
    run(backend, async {
        let (log, go_on) = (Log::new(), Gate::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let (log_of_child, gate) = (log.clone(), go_on.clone());
            let value = tg
                .start(async move |started| {
                    checkpoint().await;
                    log_of_child.add("ready");
                    started.started(7);
                    gate.opened().await;
                    checkpoint().await;
                    log_of_child.add("child ended");
                    Ok(())
                })
                .await?;
            assert_eq!(value, 7);
            log.add("started");
            go_on.open();
            Ok(())
        })
        .await;
        log.add("after");
        assert!(result.is_ok());
        assert_eq!(log.entries(), ["ready", "started", "child ended", "after"]);
    });
}

/// TG-15, G9: if the child fails before it is ready, `start` returns the bare error, and the group and its
/// other children are unaffected.
pub fn a_failure_before_readiness_comes_out_of_start_alone(backend: &Backend) {
    run(backend, async {
        let (go_on, went_on) = (Gate::new(), Flag::new());
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let (gate, done) = (go_on.clone(), went_on.clone());
            tg.spawn(async move {
                gate.opened().await;
                checkpoint().await;
                done.raise();
            });
            let error = tg
                .start(async |started: Started<()>| {
                    checkpoint().await;
                    drop(started);
                    Err::<(), _>("not ready")
                })
                .await
                .unwrap_err();
            assert_eq!(error, "not ready");
            let error = tg
                .try_start(async |_started: Started<()>| Err::<(), _>("not ready"))
                .await
                .unwrap_err();
            assert!(matches!(error, StartError::Failed(e) if *e == "not ready"));
            checkpoint().await;
            go_on.open();
            Ok("the body went on")
        })
        .await;
        assert_eq!(result.unwrap(), "the body went on");
        assert!(went_on.is_raised());
    });
}

/// TG-16: if the child fails when `start` has returned, the error is one of the group's, like any child's.
pub fn a_failure_after_readiness_goes_to_the_group(backend: &Backend) {
    run(backend, async {
        let value = Log::new();
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let go_on = Gate::new();
            let gate = go_on.clone();
            let started = tg.start(async move |started| {
                started.started("value");
                gate.opened().await;
                Err::<(), _>("failed later")
            });
            value.add(started.await?);
            go_on.open();
            blocked().await;
            Ok(())
        })
        .await;
        assert_eq!(value.entries(), ["value"]);
        assert_eq!(result.unwrap_err().errors(), ["failed later"]);
    });
}

/// TG-17: if the child ends without an error before it reported that it is ready, `try_start` returns an
/// error, and `start` panics in the caller. The group continues.
pub fn ending_without_readiness_is_an_error(backend: &Backend) {
    run(backend, async {
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let child = async |_: Started<()>| {
                checkpoint().await;
                Ok::<_, &'static str>(())
            };
            assert!(matches!(
                tg.try_start(child).await,
                Err(StartError::NotStarted)
            ));
            let panic = catch(tg.start(child)).await.expect_err("`start` panics");
            assert!(panic.contains("started"), "{panic}");
            checkpoint().await;
            Ok("the body went on")
        })
        .await;
        assert_eq!(result.unwrap(), "the body went on");
    });
}

/// TG-34, G4: a panic before readiness is not lost: it continues in the host.
pub fn a_panic_before_readiness_continues_in_the_host(backend: &Backend) {
    run(backend, async {
        let result = catch(task_group::<R, Infallible, _, _>(async |tg| {
            let _ = tg
                .try_start(async |_: Started<()>| {
                    checkpoint().await;
                    panic_quietly("the child panics")
                })
                .await;
        }))
        .await;
        assert_eq!(result.unwrap_err(), "the child panics");
    });
}

/// TG-19: a function written for `start` can be called directly; reporting "ready" is a no-op then.
pub fn a_startable_function_can_be_called_directly(backend: &Backend) {
    async fn service(started: Started<u32>, log: &Log) {
        checkpoint().await;
        started.started(7);
        log.add("served");
    }
    run(backend, async {
        let log = Log::new();
        service(Started::ignored(), &log).await;
        assert_eq!(log.entries(), ["served"]);
    });
}

/// TG-28: `try_start` returns the started value and a handle, for the task's result and for cancelling it.
pub fn start_can_give_a_handle(backend: &Backend) {
    run(backend, async {
        let ended = Flag::new();
        let result = task_group::<R, &'static str, _, _>(async |tg| {
            let (value, handle) = tg
                .try_start(async |started: Started<&'static str>| {
                    started.started("ready");
                    checkpoint().await;
                    Ok(7)
                })
                .await
                .expect("it starts");
            assert_eq!(value, "ready");
            assert_eq!(handle.await.unwrap(), 7);

            let guard = ended.on_drop();
            let ((), handle) = tg
                .try_start(async move |started: Started<()>| -> Result<(), _> {
                    let _guard = guard;
                    started.started(());
                    sleep_forever().await
                })
                .await
                .expect("it starts");
            handle.cancel();
            assert!(handle.await.unwrap_err().is_cancelled());
            assert!(ended.is_raised());
            checkpoint().await;
            Ok("not failed")
        })
        .await;
        assert_eq!(result.unwrap(), "not failed");
    });
}

anyrt_conformance_kit::cases! { groups_start: erased,
    starting_into_an_ended_group_is_refused,
    start_waits_until_the_child_is_ready,
    a_failure_before_readiness_comes_out_of_start_alone,
    a_failure_after_readiness_goes_to_the_group,
    ending_without_readiness_is_an_error,
    a_panic_before_readiness_continues_in_the_host,
    a_startable_function_can_be_called_directly,
    start_can_give_a_handle,
}
