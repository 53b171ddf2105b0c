//! Starting and ending a run: EV-01 to EV-06, and the contract of `Enter`.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::checkpoint;
use anyrt_core::runtime::{Enter, Spawn, Time};
use anyrt_core::task::{current_backend, current_run, local_task_group, task_group};
use anyrt_core::thread::to_thread;
use anyrt_core::time::{now, sleep, sleep_forever};

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, catch_sync, panic_quietly, poll_once, run};

/// EV-01, Enter 1: `run` drives the main future to its end and returns its value, whatever the future
/// borrows and whether or not it is `Send`.
pub fn run_gives_the_value_of_main(backend: &Backend) {
    let text = String::from("borrowed");
    let value = run(backend, async {
        let local = std::rc::Rc::new(text.as_str());
        checkpoint().await;
        sleep::<R>(Duration::from_millis(1)).await;
        local.len()
    });
    assert_eq!(value, 8);
}

/// EV-01: an error is returned unchanged.
pub fn run_hands_errors_through(backend: &Backend) {
    let result: Result<(), io::Error> = run(backend, async {
        checkpoint().await;
        Err(io::Error::other("as it was"))
    });
    assert_eq!(result.unwrap_err().to_string(), "as it was");
}

/// EV-01, Enter 4: a panic of the main future continues in the caller, and the next run works.
pub fn a_panic_continues_in_the_caller(backend: &Backend) {
    let panic = catch_sync(|| {
        run(backend, async {
            checkpoint().await;
            panic_quietly("from main")
        })
    });
    assert_eq!(panic.map(|never: ()| never), Err("from main".to_owned()));
    assert_eq!(current_run(), None, "the run was left");
    assert_eq!(run(backend, async { 1 }), 1);
}

/// EV-02: `run` inside a run is an error that names the reason, not a deadlock; the run continues.
pub fn a_run_in_a_run_is_refused(backend: &Backend) {
    run(backend, async {
        let started = Flag::new();
        let inner = anyrt_core::run(backend, RunOptions::new(), async { started.raise() });
        let error = inner.unwrap_err();
        assert!(error.is_nested(), "{error}");
        assert!(!error.to_string().is_empty());
        assert!(!started.is_raised());
        sleep::<R>(Duration::from_millis(1)).await;
    });
}

/// EV-02: a child cannot start a run on its host's thread, either.
pub fn a_run_in_a_child_is_refused(backend: &Backend) {
    run(backend, async {
        let group = local_task_group::<R, _, _, _>(async |tg| {
            tg.spawn(async {
                checkpoint().await;
                let inner = anyrt_core::run(backend, RunOptions::new(), async {});
                assert!(inner.unwrap_err().is_nested());
            });
        });
        group.await.unwrap();
    });
}

/// EV-04, TH-07: the name of the current backend is known in the run and in its tasks; outside, and on its
/// worker threads, there is none.
pub fn the_current_backend_has_a_name(backend: &Backend) {
    assert_eq!(current_backend(), None);
    run(backend, async {
        let name = R::name(&R::current().unwrap());
        assert!(!name.is_empty());
        assert_eq!(name, name.to_lowercase());
        assert_eq!(current_backend(), Some(name));
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            assert_eq!(
                tg.spawn(async { Ok(current_backend()) }).value().await,
                Some(name)
            );
            Ok(())
        });
        group.await.unwrap();
        let in_thread = to_thread::run::<R, _, _>(current_backend);
        assert_eq!(in_thread.await, None);
    });
    assert_eq!(current_backend(), None);
}

/// EV-06, Time 1: the clock never goes backwards, neither in a task nor from one to another.
pub fn the_clock_is_monotonic_across_tasks(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let mut last = now::<R>();
            for _ in 0..100 {
                let before = last;
                let inside = tg.spawn(async move {
                    let inside = now::<R>();
                    assert!(inside >= before);
                    Ok(inside)
                });
                let inside = inside.value().await;
                last = now::<R>();
                assert!(last >= inside);
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// EV-06: all deadlines of a run are measured by the clock that `now` reads.
pub fn deadlines_are_on_the_runs_clock(backend: &Backend) {
    run(backend, async {
        let deadline = now::<R>() + Duration::from_millis(5);
        let group = task_group::<R, _, _, _>(async |tg| {
            tg.spawn(async move {
                anyrt_core::time::sleep_until::<R>(deadline).await;
                assert!(now::<R>() >= deadline);
            });
            tg.spawn(async move {
                let late = anyrt_core::cancel::move_on_at::<R, _>(deadline, sleep_forever());
                assert!(late.await.is_none());
                assert!(now::<R>() >= deadline);
            });
            let before = now::<R>();
            assert!(before <= R::now());
        });
        group.await.unwrap();
    });
}

/// C10, C12: the run ends only when adopted children have; their clean-up counts.
pub fn the_run_waits_for_adopted_children(backend: &Backend) {
    let log = Log::new();
    run(backend, async {
        let child = log.clone();
        let started = Gate::new();
        let running = started.clone();
        let mut group = Box::pin(task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async move {
                let cleanup = async {
                    sleep::<R>(Duration::from_millis(5)).await;
                    child.add("cleaned up");
                };
                let body = async {
                    running.open();
                    sleep_forever().await;
                };
                anyrt_core::cancel::finally(body, || cleanup).await;
            });
            sleep_forever().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        started.opened().await;
        drop(group);
        log.add("main ends");
    });
    assert_eq!(log.entries(), ["main ends", "cleaned up"]);
}

/// C12: a run can have a limit for its end; remaining holders are dropped then.
pub fn the_end_of_a_run_can_be_limited(backend: &Backend) {
    let dropped = Flag::new();
    let guard = dropped.on_drop();
    let options = RunOptions::new().shutdown_limit(Duration::from_millis(10));
    let ended = anyrt_core::run(backend, options, async {
        let started = Gate::new();
        let running = started.clone();
        let mut group = Box::pin(task_group::<R, Infallible, _, _>(async |tg| {
            tg.spawn(async move {
                let _guard = guard;
                let endless = async {
                    running.open();
                    std::future::pending::<()>().await;
                };
                anyrt_core::cancel::shield(endless).await;
            });
            sleep_forever().await;
        }));
        assert!(poll_once(group.as_mut()).await.is_pending());
        started.opened().await;
    });
    ended.unwrap();
    assert!(
        dropped.is_raised(),
        "the run ended before its task was dropped"
    );
}

/// Enter 1: inside, the marker type finds its runtime.
pub fn the_runtime_is_found_inside(backend: &Backend) {
    let found = backend.block_on(async {
        let outside_tasks = R::current().is_ok();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            Ok(tg.spawn(async { Ok(R::current().is_ok()) }).value().await)
        });
        (outside_tasks, group.await.unwrap())
    });
    assert_eq!(found.unwrap(), (true, true));
}

/// Enter 3: `Enter` works several times in a row.
pub fn runs_follow_one_another(backend: &Backend) {
    for n in 0..20 {
        let value = run(backend, async move {
            let group = task_group::<R, Infallible, _, _>(async |tg| {
                Ok(tg.spawn(async move { Ok(n) }).value().await)
            });
            group.await.unwrap()
        });
        assert_eq!(value, n);
    }
}

anyrt_conformance_kit::cases! { entry: erased,
    run_gives_the_value_of_main,
    run_hands_errors_through,
    a_panic_continues_in_the_caller,
    a_run_in_a_run_is_refused,
    a_run_in_a_child_is_refused,
    the_current_backend_has_a_name,
    the_clock_is_monotonic_across_tasks,
    deadlines_are_on_the_runs_clock,
    the_run_waits_for_adopted_children,
    the_end_of_a_run_can_be_limited,
    the_runtime_is_found_inside,
    runs_follow_one_another,
}
