//! Task groups: the values of tasks, which their handles have. TG-23, TG-27, rule G8.

use std::convert::Infallible;
use std::sync::Arc;

use anyrt_core::cancel::checkpoint;
use anyrt_core::error::ValueError;

use crate::erased::Backend;
use crate::kinds::{GroupHandle, Kind};
use crate::on_each_kind;
use crate::support::{Flag, Gate, OnDrop, catch_sync, panic_quietly};

/// TG-23, TG-27: a value that can be cloned can be read more than once, and not before the task has ended.
pub fn a_shareable_value_can_be_read_more_than_once(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let gate = Gate::new();
        let result = K::open(async |tg: K::Group<Infallible>| {
            let opened = gate.clone();
            let handle = tg.spawn(async move {
                opened.opened().await;
                Ok(7)
            });
            assert!(handle.try_value().is_err(), "not finished");
            gate.open();
            handle.wait().await;
            assert_eq!(handle.try_value().unwrap(), 7);
            assert_eq!(handle.try_value().unwrap(), 7);
            assert_eq!(handle.await.unwrap(), 7);
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// G8: an unclaimed value stays until its handle is dropped.
pub fn unclaimed_values_are_dropped_with_their_handles(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let dropped = Flag::new();
        let mut kept = None;
        let result = K::open(async |tg: K::Group<Infallible>| {
            let flag = dropped.clone();
            let handle = tg.spawn(async move { Ok(OnDrop::new(move || flag.raise())) });
            handle.wait().await;
            kept = Some(handle);
        })
        .await;
        assert!(result.is_ok());
        assert!(!dropped.is_raised(), "the handle can still ask for it");
        drop(kept);
        assert!(dropped.is_raised());
    }
    on_each_kind!(backend, scenario);
}

/// TG-23: values of many types and sizes in one group; an unclaimed value is dropped once.
pub fn values_of_many_types_reach_their_handles(backend: &Backend) {
    async fn scenario<K: Kind>() {
        let counted = Arc::new(());
        let given = counted.clone();
        let result = K::open(async move |tg: K::Group<Infallible>| {
            for n in 0..40_u64 {
                let number = tg.spawn(async move { Ok(n) });
                let text = tg.spawn(async move {
                    checkpoint().await;
                    Ok(n.to_string())
                });
                let large = tg.spawn(async move { Ok([n; 16]) });
                let nothing = tg.spawn(async { checkpoint().await });
                let token = given.clone();
                let token = tg.spawn(async move {
                    checkpoint().await;
                    Ok(token)
                });
                match n % 4 {
                    0 => drop(token),
                    1 => {
                        token.wait().await;
                        drop(token);
                    }
                    2 => {
                        token.wait().await;
                        drop(token.try_value().unwrap());
                        drop(token.await.unwrap());
                    }
                    _ => drop(token.await.unwrap()),
                }
                assert_eq!(text.await.unwrap(), n.to_string());
                assert_eq!(large.await.unwrap(), [n; 16]);
                assert_eq!(number.await.unwrap(), n);
                nothing.await.unwrap();
            }
        })
        .await;
        assert!(result.is_ok());
        assert_eq!(Arc::strong_count(&counted), 1, "each is dropped");
    }
    on_each_kind!(backend, scenario);
}

/// TG-23, TG-27: a value is moved out once, whatever its type, and can be cloned until then.
pub fn a_value_is_given_away_once(backend: &Backend) {
    async fn give_away<K: Kind, T>(tg: &K::Group<Infallible>, value: T)
    where
        T: Clone + std::fmt::Debug + PartialEq + Send + 'static,
    {
        let expected = value.clone();
        let mut handle = tg.spawn(async move {
            checkpoint().await;
            Ok(value)
        });
        handle.wait().await;
        assert_eq!(handle.try_value(), Ok(expected.clone()));
        assert_eq!(handle.try_value(), Ok(expected.clone()));
        assert_eq!((&mut handle).await.unwrap(), expected);
        assert_eq!(handle.try_value(), Err(ValueError::Taken));
        assert!((&mut handle).await.is_err(), "it was taken");
    }
    async fn scenario<K: Kind>() {
        #[derive(Clone, Debug, PartialEq)]
        struct Empty;

        let result = K::open(async |tg: K::Group<Infallible>| {
            for n in 0..20_u64 {
                give_away::<K, ()>(&tg, ()).await;
                give_away::<K, Empty>(&tg, Empty).await;
                give_away::<K, u64>(&tg, n).await;
                give_away::<K, [u64; 16]>(&tg, [n; 16]).await;
                give_away::<K, String>(&tg, n.to_string()).await;
            }
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

/// TG-27: the handle keeps a value if cloning it panics.
pub fn a_value_stays_when_copying_it_panics(backend: &Backend) {
    struct Fragile(u8);

    impl Clone for Fragile {
        fn clone(&self) -> Fragile {
            panic_quietly("it breaks")
        }
    }

    async fn scenario<K: Kind>() {
        let result = K::open(async |tg: K::Group<Infallible>| {
            let handle = tg.spawn(async { Ok(Fragile(7)) });
            handle.wait().await;
            let copied = catch_sync(|| handle.try_value().is_ok());
            assert_eq!(copied.unwrap_err(), "it breaks");
            assert_eq!(handle.await.unwrap().0, 7);
        })
        .await;
        assert!(result.is_ok());
    }
    on_each_kind!(backend, scenario);
}

anyrt_conformance_kit::cases! { groups_handles_values: erased,
    a_shareable_value_can_be_read_more_than_once,
    unclaimed_values_are_dropped_with_their_handles,
    values_of_many_types_reach_their_handles,
    a_value_is_given_away_once,
    a_value_stays_when_copying_it_panics,
}
