//! The costs of deeply nested scopes and groups: linear in their number. EN-10 to EN-12.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyrt_core::cancel::{CancelHandle, CancelScope, move_on_after, shield};
use cpu_time::ThreadTime;

use super::holds_support::counting;
use crate::erased::{Backend, R};
use crate::kinds::{Kind, Local, Tasks, blocked};
use crate::limits::{least_of, with_deep_stack};
use crate::support::{poll_once, run, yields};

type Nested = Pin<Box<dyn Future<Output = ()>>>;

const HOUR: Duration = Duration::from_secs(3600);

/// Returns nested groups, with this future in the innermost.
fn groups<K: Kind + 'static>(depth: usize, innermost: Nested) -> Nested {
    if depth == 0 {
        return innermost;
    }
    Box::pin(async move {
        let group = K::open(async |_tg: K::Group<Infallible>| {
            groups::<K>(depth - 1, innermost).await;
        });
        let _ = group.await;
    })
}

/// Returns the ratio of the measured times at `large` and `small`, and repeats the measurement if it is
/// above `limit`.
fn ratio(limit: f64, small: usize, large: usize, measure: impl Fn(usize) -> Duration) -> f64 {
    least_of(20, limit, || {
        let small = measure(small).min(measure(small)).min(measure(small));
        let large = measure(large).min(measure(large));
        large.as_secs_f64() / small.as_secs_f64()
    })
}

/// Returns the time that the thread needs to abort groups that are nested this deep, around a shield.
fn abort<K: Kind + 'static>(backend: &Backend, depth: usize) -> Duration {
    run(backend, async {
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let innermost = Box::pin(shield(blocked()));
        let mut scope = pin!(scope.run(groups::<K>(depth, innermost)));
        assert!(poll_once(scope.as_mut()).await.is_pending());
        let start = ThreadTime::now();
        handle.abort();
        assert!(scope.await.is_err());
        start.elapsed()
    })
}

fn aborting_is_linear<K: Kind + 'static>(backend: &Backend) {
    const SOON: Duration = Duration::from_millis(20);
    with_deep_stack({
        let backend = backend.clone();
        move || {
            // A factor for each group is detected here; the larger depths below would never end.
            for depth in 2..24 {
                let took = least_of(20, SOON, || abort::<K>(&backend, depth));
                assert!(took <= SOON, "{depth} groups: {took:?}");
            }
            let ratio = ratio(15.0, 100, 500, |depth| abort::<K>(&backend, depth));
            assert!(ratio <= 15.0, "five times as many groups: {ratio:.1} times");
            abort::<K>(&backend, 1_000);
        }
    });
}

/// EN-10, C12: aborting groups that are nested in one task takes time in proportion to their number.
pub fn aborting_nested_groups_is_linear(backend: &Backend) {
    aborting_is_linear::<Tasks>(backend);
}

/// EN-10, C12: the same with groups in place.
pub fn aborting_nested_groups_in_place_is_linear(backend: &Backend) {
    aborting_is_linear::<Local>(backend);
}

/// Returns the time that the thread needs to open groups that are nested this deep, and to leave them.
fn open<K: Kind + 'static>(backend: &Backend, depth: usize) -> Duration {
    run(backend, async {
        let start = ThreadTime::now();
        groups::<K>(depth, Box::pin(yields(1))).await;
        start.elapsed()
    })
}

fn opening_is_linear<K: Kind + 'static>(backend: &Backend) {
    with_deep_stack({
        let backend = backend.clone();
        move || {
            let ratio = ratio(18.0, 50, 400, |depth| open::<K>(&backend, depth));
            assert!(
                ratio <= 18.0,
                "eight times as many groups: {ratio:.1} times"
            );
            open::<K>(&backend, 2_000);
        }
    });
}

/// EN-11, G1: opening nested groups takes time in proportion to their number.
pub fn opening_nested_groups_is_linear(backend: &Backend) {
    opening_is_linear::<Tasks>(backend);
}

/// EN-11, G1: the same with groups in place.
pub fn opening_nested_groups_in_place_is_linear(backend: &Backend) {
    opening_is_linear::<Local>(backend);
}

/// Returns nested scopes that count their polls.
fn scopes(depth: usize, limited: bool, polls: &Arc<AtomicUsize>, innermost: Nested) -> Nested {
    let mut nested = innermost;
    for _ in 0..depth {
        let polls = polls.clone();
        nested = Box::pin(async move {
            if limited {
                counting(polls, move_on_after::<R, _>(HOUR, nested)).await;
            } else {
                let _ = counting(polls, CancelScope::<R>::new().run(nested)).await;
            }
        });
    }
    nested
}

/// Returns the number of polls needed to cancel the outermost of nested scopes: from the innermost, or from
/// outside.
fn cancel(backend: &Backend, depth: usize, limited: bool, inside: bool, held: bool) -> usize {
    run(backend, async {
        let polls = Arc::new(AtomicUsize::new(0));
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let innermost = innermost(inside.then(|| handle.clone()), held);
        let nested = scopes(depth, limited, &polls, innermost);
        let mut scope = pin!(scope.run(nested));
        if !inside {
            assert!(poll_once(scope.as_mut()).await.is_pending());
            handle.cancel();
        }
        assert!(scope.await.is_err());
        polls.load(Ordering::SeqCst)
    })
}

/// Cancels a scope, if there is a handle, and waits.
fn innermost(cancels: Option<CancelHandle>, held: bool) -> Nested {
    Box::pin(async move {
        if let Some(handle) = cancels {
            handle.cancel();
        }
        if held {
            shield(yields(3)).await;
        }
        blocked().await;
    })
}

/// EN-12, C3: cancelling deeply nested scopes takes polls in proportion to their number, from inside and
/// from outside.
pub fn cancelling_nested_scopes_is_linear(backend: &Backend) {
    with_deep_stack({
        let backend = backend.clone();
        move || {
            for limited in [true, false] {
                for (inside, held) in [(true, false), (false, false), (true, true), (false, true)] {
                    for depth in [20, 100, 2_000] {
                        let polls = cancel(&backend, depth, limited, inside, held);
                        let most = 8 * depth + 40;
                        assert!(
                            polls <= most,
                            "{depth} scopes, with limits: {limited}, from inside: {inside}, held: \
                             {held}: {polls} polls"
                        );
                    }
                }
            }
        }
    });
}

anyrt_conformance_kit::cases! { engine_depth: erased,
    aborting_nested_groups_is_linear: [processor_time],
    aborting_nested_groups_in_place_is_linear: [processor_time],
    opening_nested_groups_is_linear: [processor_time],
    opening_nested_groups_in_place_is_linear: [processor_time],
    cancelling_nested_scopes_is_linear: [processor_time],
}
