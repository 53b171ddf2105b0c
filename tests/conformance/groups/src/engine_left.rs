//! Groups that are left: no longer polled, dropped, forgotten, or moved out of the place where they began.
//! EN-13 to EN-15, rules C10, C12, G1.

use std::convert::Infallible;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyrt_core::RunOptions;
use anyrt_core::cancel::{CancelHandle, CancelScope, finally, shield};
use anyrt_core::error::GroupError;
use anyrt_core::task::{GroupOptions, TaskGroup, task_group};
use anyrt_core::time::now;

use crate::erased::{Backend, R};
use crate::kinds::blocked;
use crate::limits::{ends_within, foreign_sleep, try_within};
use crate::support::{Flag, Gate, Log, catch, message_of, panic_quietly, poll_once, run, yields};

const LIMIT: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(20);

type Group = Pin<Box<dyn Future<Output = Result<(), GroupError<Infallible>>> + Send>>;

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

anyrt_conformance_kit::cases! { engine_left: erased,
    a_group_that_has_ended_counts_nowhere,
    a_grace_ends_a_group_that_is_not_polled,
    a_grace_ends_a_group_that_was_dropped,
    abort_ends_a_group_that_is_left,
    a_deadline_cancels_a_group_that_is_not_polled,
    a_group_that_was_forgotten_can_be_ended,
    a_run_ends_although_a_group_was_forgotten,
    a_run_ends_although_a_group_is_in_a_static,
    a_run_ends_although_it_returns_a_group,
    a_limit_ends_a_run_although_a_group_was_forgotten,
    children_of_a_group_that_was_carried_out_are_awaited,
    the_run_awaits_children_of_a_group_that_was_carried_out,
    panics_of_a_group_that_was_carried_out_continue_outside,
    errors_of_a_group_that_was_carried_out_are_not_lost,
}
