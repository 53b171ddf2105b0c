//! Combinators in place: the rest of the rules that `combine` checks. TG-36, TG-37, rule G12.

use std::convert::Infallible;

use anyrt_core::cancel::{checkpoint, finally};
use anyrt_core::combine::{as_completed, gather, map_concurrent, race};
use anyrt_core::task::task_group;

use crate::erased::{Backend, R};
use crate::kinds::{assert_order, blocked};
use crate::support::{Log, catch, catch_sync, panic_quietly, run, yields};

/// Completes with `value` after `turns` turns.
async fn after_turns<T>(turns: usize, value: T) -> T {
    yields(turns).await;
    value
}

/// Waits until it is cancelled, then cleans up in two steps, and logs that.
async fn cleans_up(log: &Log) -> u32 {
    finally(blocked(), async || {
        checkpoint().await;
        checkpoint().await;
        log.add("cleaned up");
    })
    .await;
    0
}

/// TG-36, G4: a panic of one member continues in the caller, when the others have ended.
pub fn a_panic_in_a_gathering_continues_in_the_caller(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = catch(gather((cleans_up(&log), async {
            checkpoint().await;
            if log.entries().is_empty() {
                panic_quietly("a member panics");
            }
        })))
        .await;
        assert_eq!(result.unwrap_err(), "a member panics");
        assert_eq!(log.entries(), ["cleaned up"]);
    });
}

/// TG-37: an empty set of inputs is refused.
pub fn as_completed_refuses_an_empty_set(backend: &Backend) {
    run(backend, async {
        let nothing: Vec<std::future::Ready<u32>> = Vec::new();
        assert!(catch_sync(|| drop(as_completed(nothing))).is_err());
    });
}

/// G12, G4: the panic of a loser in its clean-up is not lost.
pub fn a_losers_panic_is_not_lost(backend: &Backend) {
    run(backend, async {
        let loser = finally(async { blocked().await }, async || {
            checkpoint().await;
            panic_quietly("the loser panics")
        });
        let result = catch(race::<R, _>((loser, after_turns(1, ())))).await;
        assert_eq!(result.unwrap_err(), "the loser panics");
    });
}

/// G12, C3: members run inside the caller's task and scopes.
pub fn members_are_cancelled_with_their_caller(backend: &Backend) {
    run(backend, async {
        let log = Log::new();
        let result = task_group::<R, Infallible, _, _>(async |tg| {
            let scope = tg.scope();
            tg.spawn(async move {
                checkpoint().await;
                scope.cancel();
            });
            map_concurrent(2, 0..4, async |_| cleans_up(&log).await).await;
            log.add("went on");
        })
        .await;
        log.add("after");
        assert!(result.unwrap_err().is_cancelled());
        assert_order(&log.entries(), &["cleaned up", "after"]);
        assert!(!log.has("went on"));
    });
}

anyrt_conformance_kit::cases! { groups_combine: erased,
    a_panic_in_a_gathering_continues_in_the_caller,
    as_completed_refuses_an_empty_set,
    a_losers_panic_is_not_lost,
    members_are_cancelled_with_their_caller,
}
