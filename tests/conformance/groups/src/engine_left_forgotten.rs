//! Runs that end although a group was forgotten or moved out of them: EN-14, rules C12, G1.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::shield;
use anyrt_core::error::GroupError;
use anyrt_core::task::{TaskGroup, task_group};

use crate::engine_left::{LIMIT, SHORT};
use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{ends_within, foreign_sleep};
use crate::support::{Flag, Gate, poll_once, run};

type Group = Pin<Box<dyn Future<Output = Result<(), GroupError<Infallible>>> + Send>>;

/// Opens a group with a child that ends once the group was left, and polls it until the child has begun.
async fn with_a_child(ended: &Flag, go_on: &Gate) -> Group {
    let (started, ended, go_on) = (Gate::new(), ended.clone(), go_on.clone());
    let starts = started.clone();
    let mut group: Group = Box::pin(task_group::<R, Infallible, _, _>(
        move |tg: TaskGroup<R, _>| {
            tg.spawn(async move {
                starts.open();
                go_on.opened().await;
                ended.raise();
            });
            async {}
        },
    ));
    while !started.is_open() {
        assert!(poll_once(group.as_mut()).await.is_pending());
        foreign_sleep(Duration::from_millis(1)).await;
    }
    group
}

/// EN-14, G1: a group that was polled once and then forgotten: the run ends when its child has.
pub fn a_run_ends_although_a_group_was_forgotten(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        let ended = Flag::new();
        run(&backend, async {
            let go_on = Gate::new();
            let group = with_a_child(&ended, &go_on).await;
            std::mem::forget(group);
            go_on.open();
        });
        assert!(ended.is_raised());
    });
}

/// EN-14, G1: the same with a group that is in a static.
pub fn a_run_ends_although_a_group_is_in_a_static(backend: &Backend) {
    static KEPT: Mutex<Vec<Group>> = Mutex::new(Vec::new());
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        let ended = Flag::new();
        run(&backend, async {
            let go_on = Gate::new();
            let group = with_a_child(&ended, &go_on).await;
            KEPT.lock().unwrap().push(group);
            go_on.open();
        });
        assert!(ended.is_raised());
    });
}

/// EN-14, G1: a group that the run returns: the run ends when the children have, and the group may be
/// dropped afterwards.
pub fn a_run_ends_although_it_returns_a_group(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        let ended = Flag::new();
        let group = run(&backend, async {
            let go_on = Gate::new();
            let group = with_a_child(&ended, &go_on).await;
            go_on.open();
            Some(group)
        });
        assert!(ended.is_raised());
        drop(group);
    });
}

/// EN-14, C12, G1: with `shutdown_limit` a run ends although a group with a child that does not end was
/// forgotten.
pub fn a_limit_ends_a_run_although_a_group_was_forgotten(backend: &Backend) {
    let backend = backend.clone();
    ends_within(LIMIT, "the run", move || {
        let dropped = Flag::new();
        let main = async {
            let (started, guard) = (Gate::new(), dropped.on_drop());
            let starts = started.clone();
            let mut group = Box::pin(task_group::<R, Infallible, _, _>(async |tg| {
                tg.spawn(shield(async move {
                    let _guard = guard;
                    starts.open();
                    blocked().await;
                }));
            }));
            while !started.is_open() {
                assert!(poll_once(group.as_mut()).await.is_pending());
                foreign_sleep(Duration::from_millis(1)).await;
            }
            std::mem::forget(group);
        };
        let options = RunOptions::new().shutdown_limit(SHORT);
        anyrt_core::run(&backend, options, main).unwrap();
        assert!(dropped.is_raised());
    });
}

anyrt_conformance_kit::cases! { engine_left_forgotten: erased,
    a_run_ends_although_a_group_was_forgotten,
    a_run_ends_although_a_group_is_in_a_static,
    a_run_ends_although_it_returns_a_group,
    a_limit_ends_a_run_although_a_group_was_forgotten,
}
