//! Task groups: panics. TG-34, rule G4.

use std::convert::Infallible;

use anyrt_core::cancel::CancelScope;

use crate::erased::{Backend, R};
use crate::kinds::{Countdown, GroupHandle, Kind, blocked, until_cancelled};
use crate::on_each_kind;
use crate::support::{Flag, Gate, Log, OnDrop, catch, panic_quietly};

/// TG-34, G4: if a child panics, siblings and body are cancelled and waited for, and then the panic
/// continues in the host.
pub fn a_panic_of_a_child_continues_in_the_host(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, started) = (Log::new(), Gate::new());
        let result = catch(K::open(async |tg: K::Group<Infallible>| {
            let (guard, running) = (log.on_drop("sibling"), started.clone());
            tg.spawn(async move {
                let _guard = guard;
                running.open();
                blocked().await;
            });
            let started = started.clone();
            tg.spawn(async move {
                started.opened().await;
                panic_quietly("the child panics")
            });
            let _guard = log.on_drop("body");
            blocked().await;
        }))
        .await;
        log.add("after");
        assert_eq!(result.unwrap_err(), "the child panics");
        let mut entries = log.entries();
        entries[..2].sort();
        assert_eq!(entries, ["body", "sibling", "after"]);
    }
    on_each_kind!(backend, scenario);
}

/// G4: a panic of the body cancels the children, which are waited for, and continues.
pub fn a_panic_of_the_body_waits_for_the_children(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let (log, started) = (Log::new(), Gate::new());
        let result = catch(K::open(async |tg: K::Group<Infallible>| {
            let (guard, running) = (log.on_drop("child"), started.clone());
            tg.spawn(async move {
                let _guard = guard;
                running.open();
                blocked().await;
            });
            started.opened().await;
            if started.is_open() {
                panic_quietly("the body panics");
            }
        }))
        .await;
        log.add("after");
        assert_eq!(result.unwrap_err(), "the body panics");
        assert_eq!(log.entries(), ["child", "after"]);
    }
    on_each_kind!(backend, scenario);
}

/// G4: a panic has precedence over errors, and of several panics the first continues.
pub fn the_first_panic_wins(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let ready = Countdown::new(2);
        let result = catch(K::open(async |tg: K::Group<&'static str>| {
            let arrive = ready.clone();
            tg.spawn(async move {
                arrive.arrive();
                until_cancelled().await;
                panic_quietly("second")
            });
            let arrive = ready.clone();
            tg.spawn(async move {
                arrive.arrive();
                until_cancelled().await;
                Err::<(), _>("an error")
            });
            ready.all_arrived().await;
            tg.spawn(async { panic_quietly("first") });
            until_cancelled().await;
            Err::<(), _>("the body's error")
        }))
        .await;
        assert_eq!(result.unwrap_err(), "first");
    }
    on_each_kind!(backend, scenario);
}

/// G4: a destructor that panics counts as the child's panic, whether the child was cancelled or completed.
pub fn a_panic_in_a_destructor_is_the_childs_panic(backend: &Backend) {
    async fn scenario<K: Kind>() {
        for cancelled in [false, true] {
            let started = Gate::new();
            let sibling_gone = Flag::new();
            let result = catch(K::open(async |tg: K::Group<Infallible>| {
                let gone = sibling_gone.on_drop();
                tg.spawn(async move {
                    let _gone = gone;
                    blocked().await;
                });
                let running = started.clone();
                tg.spawn(async move {
                    let _bomb = OnDrop::new(|| panic_quietly("the destructor panics"));
                    running.open();
                    if cancelled {
                        blocked().await;
                    }
                });
                started.opened().await;
                if cancelled {
                    tg.cancel();
                }
            }))
            .await;
            assert_eq!(result.unwrap_err(), "the destructor panics");
            assert!(sibling_gone.is_raised());
        }
    }
    on_each_kind!(backend, scenario);
}

/// G6: the same for panics.
pub fn a_panic_on_the_way_out_wins_over_the_cancellation(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let scope = CancelScope::<R>::new();
        let (handle, started) = (scope.handle(), Gate::new());
        let outcome = catch(scope.run(K::open(async |tg: K::Group<Infallible>| {
            let running = started.clone();
            tg.spawn(async move {
                running.open();
                until_cancelled().await;
                panic_quietly("on the way out")
            });
            started.opened().await;
            handle.cancel();
            blocked().await;
        })))
        .await;
        assert_eq!(outcome.unwrap_err(), "on the way out");
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { groups_panics: erased,
    a_panic_of_a_child_continues_in_the_host,
    a_panic_of_the_body_waits_for_the_children,
    the_first_panic_wins,
    a_panic_in_a_destructor_is_the_childs_panic,
    a_panic_on_the_way_out_wins_over_the_cancellation,
}
