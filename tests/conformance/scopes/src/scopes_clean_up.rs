//! Clean-up: `finally`, `with_resource`, and destructors. CS-14, HO-16, rule C8.

use std::pin::pin;

use anyrt_core::cancel::{checkpoint, finally, has_pending_cancellation, shield, with_resource};

use crate::erased::{Backend, R};
use crate::kinds::{blocked, until_cancelled};
use crate::support::{Log, OnDrop, catch, in_cancelled_scope, panic_quietly, poll_once, run};

/// CS-14, C8: `finally` runs its clean-up behind a shield, however the body ended: with a value,
/// an error, a cancellation or a panic.
pub fn finally_cleans_up_however_the_body_ended(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let clean_up = |what: &'static str| {
            let log = log.clone();
            async move || {
                checkpoint().await;
                assert!(!has_pending_cancellation());
                checkpoint().await;
                log.add(what);
            }
        };
        let value = finally(async { 7 }, clean_up("value")).await;
        assert_eq!(value, 7);
        let error = finally(async { Err::<(), _>("failed") }, clean_up("error")).await;
        assert_eq!(error, Err("failed"));
        let cancelled = finally(blocked(), clean_up("cancellation"));
        assert!(in_cancelled_scope::<R, _>(cancelled).await.is_err());
        let panics = finally(
            async { panic_quietly("the body panics") },
            clean_up("panic"),
        );
        assert_eq!(catch(panics).await.unwrap_err(), "the body panics");
        assert_eq!(log.entries(), ["value", "error", "cancellation", "panic"]);
    });
}

/// C8: the body of a `finally` has been dropped when its clean-up begins.
pub fn the_body_is_gone_when_the_clean_up_begins(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let body = async {
            let _guard = log.on_drop("body dropped");
            blocked().await;
        };
        let tidy = finally(body, async || log.add("clean-up"));
        assert!(in_cancelled_scope::<R, _>(tidy).await.is_err());
        assert_eq!(log.entries(), ["body dropped", "clean-up"]);
    });
}

/// C7, C8: a body that completes although it is cancelled returns its value, after the clean-up.
pub fn a_cancelled_finally_may_still_complete(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let tidy = finally(
            async {
                until_cancelled().await;
                7
            },
            async || {
                checkpoint().await;
                log.add("cleaned up");
            },
        );
        assert_eq!(in_cancelled_scope::<R, _>(tidy).await.unwrap(), 7);
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

/// C8: nested clean-ups run from the inside out, each to its end.
pub fn nested_clean_ups_run_inside_out(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let step = |what: &'static str| {
            let log = &log;
            async move || {
                checkpoint().await;
                log.add(what);
                checkpoint().await;
            }
        };
        let nested = finally(finally(finally(blocked(), step("a")), step("b")), step("c"));
        assert!(in_cancelled_scope::<R, _>(nested).await.is_err());
        assert_eq!(log.entries(), ["a", "b", "c"]);
    });
}

/// C8: `with_resource` lends a value to its body, and passes it to the clean-up, however the body ended.
pub fn with_resource_gives_the_value_to_the_clean_up(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let give_back = async |text: String| {
            checkpoint().await;
            log.add(text);
        };
        let length = with_resource(
            String::from("a value"),
            async |mut text| {
                text.push('!');
                text.len()
            },
            give_back,
        );
        assert_eq!(length.await, 8);
        let cancelled = with_resource(
            String::from("a cancellation"),
            async |mut text| {
                text.push('!');
                blocked().await;
                drop(text);
            },
            give_back,
        );
        assert!(in_cancelled_scope::<R, _>(cancelled).await.is_err());
        let panics = with_resource(
            String::from("a panic"),
            async |_text| {
                checkpoint().await;
                panic_quietly("the body panics")
            },
            give_back,
        );
        let panic: Result<(), _> = catch(panics).await;
        assert_eq!(panic.unwrap_err(), "the body panics");
        assert_eq!(log.entries(), ["a value!", "a cancellation!", "a panic"]);
    });
}

/// HO-16, C8: values are dropped outside the cancelled scope: a destructor that blocks on an operation
/// completes.
pub fn destructors_run_outside_the_cancelled_scope(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let outcome = in_cancelled_scope::<R, _>(async {
            let _guard = OnDrop::new(|| {
                let polls = crate::support::polls_until_ready(async {
                    checkpoint().await;
                    checkpoint().await;
                });
                log.add(format!(
                    "{} after {polls} polls",
                    has_pending_cancellation()
                ));
            });
            blocked().await;
        })
        .await;
        assert!(outcome.is_err());
        assert_eq!(log.entries(), ["false after 3 polls"]);
    });
}

/// C10: if it is dropped from outside, clean-up code does not run, and the parts that had begun are
/// dropped.
pub fn dropping_a_shield_or_finally_drops_what_is_in_it(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let mut shielded = Box::pin(shield(async {
            let _guard = log.on_drop("shielded section dropped");
            blocked().await;
        }));
        assert!(poll_once(shielded.as_mut()).await.is_pending());
        drop(shielded);
        let body = async {
            let _guard = log.on_drop("body dropped");
            blocked().await;
        };
        let mut tidy = Box::pin(finally(body, async || log.add("cleaned up")));
        assert!(poll_once(tidy.as_mut()).await.is_pending());
        drop(tidy);
        assert_eq!(log.entries(), ["shielded section dropped", "body dropped"]);
    });
}

/// C8: the value of an outer `finally` waits for its own clean-up; a panic of the clean-up continues.
pub fn a_panic_of_the_clean_up_continues(backend: &Backend) {
    run(backend, async {
        let tidy = finally(async { 7 }, async || panic_quietly("the clean-up panics"));
        assert_eq!(catch(tidy).await.unwrap_err(), "the clean-up panics");
        let tidy = finally(blocked(), async || {
            checkpoint().await;
            panic_quietly("the clean-up panics")
        });
        let outcome = catch(in_cancelled_scope::<R, _>(tidy)).await;
        assert_eq!(outcome.unwrap_err(), "the clean-up panics");
    });
}

/// C7: a `finally` that was interrupted, and is polled again from outside, panics with a message
/// instead of hanging.
pub fn an_interrupted_finally_that_is_polled_again_panics(backend: &Backend) {
    run(backend, async {
        let mut tidy = pin!(finally(blocked(), async || checkpoint().await));
        assert!(in_cancelled_scope::<R, _>(tidy.as_mut()).await.is_err());
        let message = catch(tidy).await.unwrap_err();
        assert!(
            message.contains("cancelled") || message.contains("interrupted"),
            "{message}"
        );
    });
}

anyrt_conformance_kit::cases! { scopes_clean_up: erased,
    finally_cleans_up_however_the_body_ended,
    the_body_is_gone_when_the_clean_up_begins,
    a_cancelled_finally_may_still_complete,
    nested_clean_ups_run_inside_out,
    with_resource_gives_the_value_to_the_clean_up,
    destructors_run_outside_the_cancelled_scope,
    dropping_a_shield_or_finally_drops_what_is_in_it,
    a_panic_of_the_clean_up_continues,
    an_interrupted_finally_that_is_polled_again_panics,
}
