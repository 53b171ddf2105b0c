//! Threads that see that their callers are cancelled: TH-08, TH-09.

use std::convert::Infallible;
use std::time::Duration;

use anyrt_core::cancel::{CancelScope, Cause, checkpoint};
use anyrt_core::error::Cancelled;
use anyrt_core::task::task_group;
use anyrt_core::thread::{from_thread, to_thread};

use super::threads_support::on_a_thread;
use crate::erased::{Backend, R};
use crate::support::{Gate, Log, catch, catch_sync, linger, poll_once, run};

/// TH-08: `check_cancelled` returns `Ok` while the caller is not cancelled, and the cause once it is.
pub fn a_thread_learns_that_its_caller_is_cancelled(backend: &Backend) {
    run(backend, async {
        let begun = Gate::new();
        let inside = begun.clone();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let call = to_thread::run::<R, _, _>(move || {
            assert_eq!(from_thread::check_cancelled(), Ok(()));
            inside.open();
            wait_for_cancellation()
        });
        let mut scoped = Box::pin(scope.run(async {
            assert_eq!(call.await.reason(), Some("enough"));
            checkpoint().await;
        }));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel_with("enough");
        assert!(scoped.await.is_err());
    });
}

/// TH-08: the thread sees a deadline too, with that cause.
pub fn a_thread_learns_of_a_deadline(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().within(Duration::from_millis(20));
        let call = scope.run(to_thread::run::<R, _, _>(wait_for_cancellation));
        assert_eq!(call.await.unwrap().cause(), Cause::Deadline);
    });
}

/// TH-08: off a worker thread `check_cancelled` is an error with that reason, in tasks and on the user's
/// threads.
pub fn only_worker_threads_can_check(backend: &Backend) {
    run(backend, async {
        let message = catch_sync(|| drop(from_thread::check_cancelled())).unwrap_err();
        assert!(message.contains("no worker thread"), "{message}");
        let there = on_a_thread(|| catch_sync(|| drop(from_thread::check_cancelled())));
        assert!(there.await.is_err());
        // A thread does not keep its earlier state, either.
        to_thread::run::<R, _, _>(|| from_thread::check_cancelled().unwrap()).await;
    });
}

/// TH-09: returning the cancellation from the function counts as cancellation: the cancelled scope catches
/// it, and no value is invented.
pub fn a_handed_back_cancellation_is_one(backend: &Backend) {
    run(backend, async {
        let (begun, log) = (Gate::new(), Log::new());
        let inside = begun.clone();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let mut scoped = Box::pin(scope.run(async {
            let call = to_thread::run_cancellable::<R, _, Infallible>(move || {
                inside.open();
                Err(wait_for_cancellation())
            });
            call.await;
            log.add("not reached");
        }));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        begun.opened().await;
        handle.cancel_with("enough");
        assert_eq!(scoped.await.unwrap_err().reason(), Some("enough"));
        assert!(handle.has_caught());
        assert!(log.entries().is_empty());
    });
}

/// TH-09, C7: a shield that is switched on after the thread was notified of the cancellation is too late:
/// the function may have begun to return it.
pub fn a_late_shield_does_not_undo_what_was_told(backend: &Backend) {
    run(backend, async {
        let (told, go_on) = (Gate::new(), Gate::new());
        let inside = (told.clone(), go_on.clone());
        let (outer, inner) = (CancelScope::<R>::new(), CancelScope::<R>::new());
        let (cancels, shields) = (outer.handle(), inner.handle());
        let call = to_thread::run_cancellable::<R, _, Infallible>(move || {
            let cancelled = wait_for_cancellation();
            inside.0.open();
            inside.1.wait_blocking();
            Err(cancelled)
        });
        let mut scoped = Box::pin(outer.run(inner.run(call)));
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        cancels.cancel();
        assert!(poll_once(scoped.as_mut()).await.is_pending());
        told.opened().await;
        shields.set_shield(true);
        go_on.open();
        scoped.await.unwrap_err();
        assert!(cancels.has_caught());
    });
}

/// TH-09, G3: in a group that fails, the returned cancellation is not an error in addition to the real one.
pub fn a_handed_back_cancellation_is_no_group_error(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, &'static str, (), _>(async |tg| {
            let begun = Gate::new();
            let inside = begun.clone();
            tg.spawn(async move {
                let call = to_thread::run_cancellable::<R, _, ()>(move || {
                    inside.open();
                    Err(wait_for_cancellation())
                });
                call.await;
                Err::<(), _>("not reached")
            });
            begun.opened().await;
            Err("failed")
        });
        assert_eq!(group.await.unwrap_err().errors(), ["failed"]);
    });
}

/// TH-09: a function that may return the cancellation and does not returns its value; one that returns
/// another task's cancellation panics instead of hanging.
pub fn only_the_callers_cancellation_counts(backend: &Backend) {
    run(backend, async {
        let fine = to_thread::run_cancellable::<R, _, _>(|| {
            from_thread::check_cancelled()?;
            Ok(5)
        });
        assert_eq!(fine.await, 5);
        let scope = CancelScope::<R>::new();
        scope.handle().cancel();
        let foreign: Cancelled = scope.run(checkpoint()).await.unwrap_err();
        let call = to_thread::run_cancellable::<R, _, ()>(move || Err(foreign));
        assert!(catch(call).await.unwrap_err().contains("not cancelled"));
    });
}

/// Checks repeatedly until the caller is cancelled.
fn wait_for_cancellation() -> Cancelled {
    loop {
        if let Err(cancelled) = from_thread::check_cancelled() {
            return cancelled;
        }
        linger(Duration::from_millis(1));
    }
}

anyrt_conformance_kit::cases! { threads_cancelled: erased,
    a_thread_learns_that_its_caller_is_cancelled,
    a_thread_learns_of_a_deadline,
    only_worker_threads_can_check: [foreign_wakes],
    a_handed_back_cancellation_is_one,
    a_late_shield_does_not_undo_what_was_told,
    a_handed_back_cancellation_is_no_group_error,
    only_the_callers_cancellation_counts,
}
