//! Groups that are moved out of the place where they began: EN-14, EN-15, rules C10, G1.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{finally, shield};
use anyrt_core::error::GroupError;
use anyrt_core::task::{TaskGroup, task_group};

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::foreign_sleep;
use crate::support::{Flag, Gate, Log, catch, message_of, panic_quietly, poll_once, run, yields};

/// Returns a group that spawns `child` when `gate` opens, and never completes.
fn spawns_later<E: Send + 'static>(
    gate: &Gate,
    child: impl Future<Output = Result<(), E>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = Result<(), GroupError<E>>> + Send>> {
    let gate = gate.clone();
    Box::pin(task_group::<R, E, _, _>(
        move |tg: TaskGroup<R, E>| async move {
            gate.opened().await;
            tg.spawn(child);
            blocked().await;
            Ok(())
        },
    ))
}

/// Polls a group first inside another one, spawns after that one has ended, and drops it.
async fn begun_in_another<E: Send + 'static>(
    child: impl Future<Output = Result<(), E>> + Send + 'static,
    begun: &Gate,
) {
    let gate = Gate::new();
    let mut group = spawns_later(&gate, child);
    let first = task_group::<R, Infallible, _, _>(async |_| {
        assert!(poll_once(group.as_mut()).await.is_pending());
    });
    assert!(first.await.is_ok());
    gate.open();
    assert!(poll_once(group.as_mut()).await.is_pending());
    begun.opened().await;
    drop(group);
}

/// Opens `begun`, waits until it is cancelled, and takes its time to clean up.
async fn slow(begun: Gate, ended: Flag) {
    let body = async {
        begun.open();
        blocked().await;
    };
    let clean_up = async || {
        foreign_sleep(Duration::from_millis(30)).await;
        ended.raise();
    };
    finally(body, clean_up).await;
}

/// EN-15, C10: a group that began in a group that has ended: when it is dropped, the enclosing group waits
/// for its children.
pub fn children_of_a_group_that_was_carried_out_are_awaited(backend: &Backend) {
    run(backend, async {
        let (begun, ended) = (Gate::new(), Flag::new());
        let group = task_group::<R, Infallible, _, _>(async |_| {
            let child = slow(begun.clone(), ended.clone());
            let child = async move {
                child.await;
                Ok::<_, Infallible>(())
            };
            begun_in_another(child, &begun).await;
        });
        assert!(group.await.is_ok());
        assert!(ended.is_raised(), "the group around did not wait");
    });
}

/// EN-15, C10: without an enclosing group, the run waits for them.
pub fn the_run_awaits_children_of_a_group_that_was_carried_out(backend: &Backend) {
    let (begun, ended) = (Gate::new(), Flag::new());
    run(backend, async {
        let child = slow(begun.clone(), ended.clone());
        let child = async move {
            child.await;
            Ok::<_, Infallible>(())
        };
        begun_in_another(child, &begun).await;
    });
    assert!(ended.is_raised(), "the run did not wait");
}

/// EN-15, C10: panics of these children continue in the enclosing group.
pub fn panics_of_a_group_that_was_carried_out_continue_outside(backend: &Backend) {
    run(backend, async {
        let begun = Gate::new();
        let group = task_group::<R, Infallible, _, _>(async |_| {
            let starts = begun.clone();
            let child = async move {
                let body = async {
                    starts.open();
                    blocked().await;
                };
                finally(body, async || panic_quietly("late")).await;
                Ok::<_, Infallible>(())
            };
            begun_in_another(child, &begun).await;
        });
        assert_eq!(catch(group).await.map(|_| ()), Err("late".to_owned()));
    });
}

/// EN-15, C10: errors of these children reach the run's hook before the enclosing group has ended.
pub fn errors_of_a_group_that_was_carried_out_are_not_lost(backend: &Backend) {
    let log = Log::new();
    let seen = log.clone();
    let options = RunOptions::new().unhandled(move |what| {
        let payload = what.into_inner().expect("the error");
        seen.add(message_of(&*payload));
    });
    let main = async {
        let begun = Gate::new();
        let group = task_group::<R, Infallible, _, _>(async |_| {
            let starts = begun.clone();
            let child = async move {
                starts.open();
                shield(foreign_sleep(Duration::from_millis(30))).await;
                Err::<(), _>("late")
            };
            begun_in_another(child, &begun).await;
        });
        assert!(group.await.is_ok());
        assert_eq!(log.entries(), ["late"]);
    };
    anyrt_core::run(backend, options, main).unwrap();
}

/// EN-14, G1: a group that has ended does not count in its enclosing group any more.
pub fn a_group_that_has_ended_counts_nowhere(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |outer| {
            for round in 0..200 {
                let inner = task_group::<R, Infallible, _, _>(async |tg: TaskGroup<R, _>| {
                    tg.spawn(async {});
                    tg.spawn(yields(1));
                });
                assert!(inner.await.is_ok());
                assert_eq!(outer.living(), 0, "round {round}");
            }
        });
        assert!(group.await.is_ok());
    });
}

anyrt_conformance_kit::cases! { engine_left_carried: erased,
    a_group_that_has_ended_counts_nowhere,
    children_of_a_group_that_was_carried_out_are_awaited,
    the_run_awaits_children_of_a_group_that_was_carried_out,
    panics_of_a_group_that_was_carried_out_continue_outside,
    errors_of_a_group_that_was_carried_out_are_not_lost,
}
