//! Adoption: the children of a dropped group are waited for and reported in the enclosing group or run.
//! HO-18, HO-19, rule C10.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use anyrt_core::task::{RunOptions, Unhandled, task_group};
use futures_util::future::select;

use super::holds_support::holder;
use crate::erased::{Backend, R};
use crate::kinds::{assert_order, blocked, until_cancelled};
use crate::support::{Gate, Log, catch, panic_quietly, run};

/// HO-18, C10: an inner group is dropped while a child is inside `poll`, where it stays for 50 ms: the
/// enclosing group does not end before that child.
pub fn the_enclosing_group_waits_for_a_child_inside_poll(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |_| {
            drop_while_a_child_is_polled(&log).await;
        })
        .await;
        log.add("ended");
        assert!(result.is_ok());
        assert_order(&log.entries(), &["child gone", "ended"]);
        assert!(!log.has("child went on"));
    });
}

/// HO-18, C10: without an enclosing group, the run does not end before that child.
pub fn the_run_waits_for_a_child_inside_poll(backend: &Backend) {
    let log = Log::new();
    run(backend, drop_while_a_child_is_polled(&log));
    log.add("ended");
    assert_order(&log.entries(), &["child gone", "ended"]);
    assert!(!log.has("child went on"));
}

async fn drop_while_a_child_is_polled(log: &Log) {
    let inside = Gate::new();
    let group = task_group::<R, Infallible, _, _>(async |tg| {
        let (log, inside) = (log.clone(), inside.clone());
        tg.spawn(async move {
            let _guard = log.on_drop("child gone");
            inside.open();
            std::thread::sleep(Duration::from_millis(50));
            blocked().await;
            log.add("child went on");
        });
        blocked().await;
    });
    select(pin!(group), pin!(inside.opened())).await;
}

/// HO-19, C10: an adopted child's error reaches the run's `unhandled` hook, once.
pub fn an_adopted_childs_error_reaches_the_hook(backend: &Backend) {
    for enclosed in [false, true] {
        let log = Log::new();
        let hook = {
            let log = log.clone();
            move |unhandled: Unhandled| {
                assert!(!unhandled.is_panic());
                let error = unhandled
                    .into_inner()
                    .and_then(|error| error.downcast().ok());
                log.add(error.map_or("another error", |error: Box<&'static str>| *error));
            }
        };
        let main = async {
            if enclosed {
                let result = task_group::<R, Infallible, _, _>(async |_| {
                    drop_with_a_late_child(|| Err("late error")).await;
                })
                .await;
                assert!(result.is_ok());
            } else {
                drop_with_a_late_child(|| Err("late error")).await;
            }
        };
        let options = RunOptions::new().unhandled(hook);
        anyrt_core::run(backend, options, main).expect("the run starts");
        assert_eq!(log.entries(), ["late error"]);
    }
}

/// HO-19, C10: an adopted child's panic continues in the host that adopted it.
pub fn an_adopted_childs_panic_continues_in_the_adopting_host(backend: &Backend) {
    run(backend, async {
        let result = catch(task_group::<R, Infallible, _, _>(async |_| {
            drop_with_a_late_child(|| panic_quietly("late panic")).await;
        }))
        .await;
        assert_eq!(result.unwrap_err(), "late panic");
    });
}

/// HO-19, C10: without an enclosing group, an adopted child's panic continues out of the run.
pub fn an_adopted_childs_panic_continues_out_of_the_run(backend: &Backend) {
    let result = crate::support::catch_sync(|| {
        run(
            backend,
            drop_with_a_late_child(|| panic_quietly("late panic")),
        );
    });
    assert_eq!(result.unwrap_err(), "late panic");
}

/// Drops a group with a child that returns the value of `end` when it is cancelled.
async fn drop_with_a_late_child(end: fn() -> Result<(), &'static str>) {
    let started = Gate::new();
    let group = task_group::<R, &'static str, _, _>(async |tg| -> Result<(), _> {
        let running = started.clone();
        tg.spawn(async move {
            running.open();
            until_cancelled().await;
            end()
        });
        blocked().await;
        Ok(())
    });
    select(pin!(group), pin!(started.opened())).await;
}

/// C10: adoption is transitive: a group with children that drop their own groups waits for the
/// grandchildren.
pub fn adoption_goes_up_to_the_next_living_group(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let log = log.clone();
            tg.spawn(async move {
                let started = Gate::new();
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    let (log, running) = (log.clone(), started.clone());
                    tg.spawn(async move {
                        running.open();
                        holder(log).await;
                    });
                    blocked().await;
                });
                select(pin!(group), pin!(started.opened())).await;
                log.add("child ends");
            });
        })
        .await;
        log.add("group ended");
        assert!(result.is_ok());
        let entries = log.entries();
        assert_order(&entries, &["child ends", "group ended"]);
        assert_order(&entries, &["cleaned up", "group ended"]);
    });
}

anyrt_conformance_kit::cases! { holds_adoption: erased,
    the_enclosing_group_waits_for_a_child_inside_poll,
    the_run_waits_for_a_child_inside_poll,
    an_adopted_childs_error_reaches_the_hook,
    an_adopted_childs_panic_continues_in_the_adopting_host,
    an_adopted_childs_panic_continues_out_of_the_run,
    adoption_goes_up_to_the_next_living_group,
}
