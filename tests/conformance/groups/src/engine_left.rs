//! Groups that are left, no longer polled, dropped or forgotten, and can still be ended: EN-13, rules C10, C12.

use std::convert::Infallible;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{CancelHandle, CancelScope, finally};
use anyrt_core::task::{GroupOptions, TaskGroup};
use anyrt_core::time::now;

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{ends_within, foreign_sleep, try_within};
use crate::support::{Flag, Gate, poll_once, run};

pub(crate) const LIMIT: Duration = Duration::from_secs(1);

pub(crate) const SHORT: Duration = Duration::from_millis(20);

/// How a group that has a child is left.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Left {
    Kept,
    Dropped,
    Forgotten,
}

/// How the group is ended before that.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    CancelWithin,
    CancelWithinAround,
    Abort,
    Deadline,
}

/// Returns a child with a clean-up that ends when `stop` opens, or when the child is aborted; it opens
/// `started`, and then `gone`.
fn stubborn(started: &Gate, stop: &Gate, gone: &Gate) -> impl Future<Output = ()> + Send + use<> {
    let (started, stop, gone) = (started.clone(), stop.clone(), gone.clone());
    async move {
        let _gone = crate::support::OnDrop::new(move || gone.open());
        let body = async {
            started.open();
            blocked().await;
        };
        finally(body, async || stop.opened().await).await;
    }
}

/// Leaves a group, and requires that its child still ends soon.
fn ends_although_left(backend: &Backend, left: Left, ends: Ends) {
    let backend = backend.clone();
    let what = format!("{left:?}, {ends:?}");
    ends_within(LIMIT * 2, &what, move || {
        run(&backend, async {
            let (started, stop, gone) = (Gate::new(), Gate::new(), Gate::new());
            let child = stubborn(&started, &stop, &gone);
            let cancelled = Flag::new();
            let sees = cancelled.clone();
            let around = CancelScope::<R>::new();
            let around_handle = around.handle();
            let scope: Arc<Mutex<Option<CancelHandle>>> = Arc::default();
            let inside = scope.clone();
            let options = match ends {
                Ends::Deadline => GroupOptions::new().deadline(now::<R>() + SHORT * 2),
                _ => GroupOptions::new(),
            };
            let group = options.run::<R, Infallible, _, _>(move |tg: TaskGroup<R, _>| {
                *inside.lock().unwrap() = Some(tg.scope());
                tg.spawn(child);
                tg.spawn(async move {
                    finally(blocked(), async || sees.raise()).await;
                });
                blocked()
            });
            let group = around.run(async move { drop(group.await) });
            let mut group = Box::pin(group);
            while !started.is_open() {
                assert!(poll_once(group.as_mut()).await.is_pending());
                foreign_sleep(Duration::from_millis(1)).await;
            }
            let handle = scope.lock().unwrap().clone().expect("the group runs");
            match ends {
                Ends::CancelWithin => handle.cancel_within(SHORT),
                Ends::CancelWithinAround => around_handle.cancel_within(SHORT),
                _ => {}
            }
            let mut kept = None;
            match left {
                Left::Kept => kept = Some(group),
                Left::Dropped => drop(group),
                Left::Forgotten => std::mem::forget(group),
            }
            let verdict = if ends == Ends::Deadline {
                // A deadline cancels, and does not abort.
                let seen = async {
                    while !cancelled.is_raised() {
                        foreign_sleep(Duration::from_millis(1)).await;
                    }
                };
                let verdict = try_within(LIMIT, seen).await;
                handle.abort();
                verdict
            } else {
                if ends == Ends::Abort {
                    handle.abort();
                }
                try_within(LIMIT, gone.opened()).await
            };
            stop.open();
            assert!(verdict.is_ok(), "{left:?}, {ends:?}: nothing has ended");
            drop(kept);
        });
    });
}

/// Runs several forms at once, since each takes its whole time where it fails.
fn end_although_left(backend: &Backend, forms: &[(Left, Ends)]) {
    thread::scope(|scope| {
        let start = |form: &(Left, Ends)| {
            let (backend, (left, ends)) = (backend.clone(), *form);
            scope.spawn(move || ends_although_left(&backend, left, ends))
        };
        let threads: Vec<_> = forms.iter().map(start).collect();
        for thread in threads {
            if let Err(payload) = thread.join() {
                resume_unwind(payload);
            }
        }
    });
}

/// EN-13, C12: `cancel_within`, on the group or on a scope around it, takes effect although the group is no
/// longer polled.
pub fn a_grace_ends_a_group_that_is_not_polled(backend: &Backend) {
    end_although_left(
        backend,
        &[
            (Left::Kept, Ends::CancelWithin),
            (Left::Kept, Ends::CancelWithinAround),
        ],
    );
}

/// EN-13, C10, C12: `cancel_within` takes effect although the group was dropped, too.
pub fn a_grace_ends_a_group_that_was_dropped(backend: &Backend) {
    end_although_left(
        backend,
        &[
            (Left::Dropped, Ends::CancelWithin),
            (Left::Dropped, Ends::CancelWithinAround),
        ],
    );
}

/// EN-13, C12: `abort` takes effect although the group is no longer polled, or was dropped.
pub fn abort_ends_a_group_that_is_left(backend: &Backend) {
    end_although_left(
        backend,
        &[(Left::Kept, Ends::Abort), (Left::Dropped, Ends::Abort)],
    );
}

/// EN-13, C9, C12: a group's deadline takes effect although the group is no longer polled.
pub fn a_deadline_cancels_a_group_that_is_not_polled(backend: &Backend) {
    end_although_left(backend, &[(Left::Kept, Ends::Deadline)]);
}

/// EN-13, EN-14, C12: `cancel_within`, `abort` and a deadline take effect although the group was forgotten,
/// and the run ends.
pub fn a_group_that_was_forgotten_can_be_ended(backend: &Backend) {
    end_although_left(
        backend,
        &[
            (Left::Forgotten, Ends::CancelWithin),
            (Left::Forgotten, Ends::Abort),
            (Left::Forgotten, Ends::Deadline),
        ],
    );
}

anyrt_conformance_kit::cases! { engine_left: erased,
    a_grace_ends_a_group_that_is_not_polled,
    a_grace_ends_a_group_that_was_dropped,
    abort_ends_a_group_that_is_left,
    a_deadline_cancels_a_group_that_is_not_polled,
    a_group_that_was_forgotten_can_be_ended,
}
