//! Context variables: CX-01 to CX-06, G14.

use std::convert::Infallible;
use std::pin::pin;
use std::thread;

use anyrt_core::cancel::checkpoint;
use anyrt_core::context::{Context, ContextVar};
use anyrt_core::task::{RunHandle, scoped_task_group, task_group};
use anyrt_core::thread::to_thread;
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::support::{Gate, poll_once, run};

static COLOUR: ContextVar<&'static str> = ContextVar::new();

static DEPTH: ContextVar<u32> = ContextVar::new();

/// CX-01: a variable that was never set has no value, neither in the main task nor in children.
pub fn unset_variables_have_no_value(backend: &Backend) {
    run(backend, async {
        assert_eq!(COLOUR.get(), None);
        assert_eq!(DEPTH.get(), None);
        let group = task_group::<R, _, _, _>(async |tg| {
            tg.spawn(async {
                assert_eq!(COLOUR.get(), None);
                assert_eq!(DEPTH.get(), None);
            });
        });
        group.await.unwrap();
    });
}

/// CX-01: a child has the values that its spawner had when it called `spawn`, whenever the child starts.
pub fn a_child_starts_with_a_snapshot(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            COLOUR.set("red");
            let red = tg.spawn(async { Ok(COLOUR.get()) });
            COLOUR.set("blue");
            let blue = tg.spawn(async { Ok(COLOUR.get()) });
            COLOUR.set("green");
            assert_eq!(red.value().await, Some("red"));
            assert_eq!(blue.value().await, Some("blue"));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// CX-01: the snapshot is the spawner's, also where the group belongs to another task.
pub fn the_snapshot_is_the_spawners(backend: &Backend) {
    run(backend, async {
        COLOUR.set("host");
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let same = tg.clone();
            let child = tg.spawn(async move {
                COLOUR.set("child");
                Ok(same.spawn(async { Ok(COLOUR.get()) }).value().await)
            });
            assert_eq!(child.value().await, Some("child"));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// CX-01, G11: children that borrow inherit in the same way, and keep their changes as tasks do.
pub fn borrowing_children_have_contexts_too(backend: &Backend) {
    run(backend, async {
        COLOUR.set("red");
        let group = scoped_task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.spawn(async {
                let seen = COLOUR.get();
                COLOUR.set("blue");
                checkpoint().await;
                Ok((seen, COLOUR.get()))
            });
            COLOUR.set("green");
            assert_eq!(child.value().await, (Some("red"), Some("blue")));
            assert_eq!(COLOUR.get(), Some("green"));
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(COLOUR.get(), Some("green"));
    });
}

/// CX-02: a child's changes are seen neither by its parent nor by its siblings.
pub fn changes_stay_in_the_task(backend: &Backend) {
    run(backend, async {
        COLOUR.set("parent");
        let (set, seen) = (Gate::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let changer = tg.spawn({
                let (set, seen) = (set.clone(), seen.clone());
                async move {
                    COLOUR.set("changed");
                    set.open();
                    seen.opened().await;
                    Ok(COLOUR.get())
                }
            });
            let sibling = tg.spawn({
                let set = set.clone();
                async move {
                    set.opened().await;
                    let before = COLOUR.get();
                    COLOUR.set("sibling");
                    Ok(before)
                }
            });
            set.opened().await;
            assert_eq!(COLOUR.get(), Some("parent"));
            assert_eq!(sibling.value().await, Some("parent"));
            assert_eq!(COLOUR.get(), Some("parent"));
            seen.open();
            assert_eq!(changer.value().await, Some("changed"));
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(COLOUR.get(), Some("parent"));
    });
}

/// CX-02: hundreds of tasks that set the same variable and wait do not disturb one another.
pub fn many_tasks_do_not_mix_their_values(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            for n in 0..300 {
                tg.spawn(async move {
                    DEPTH.set(n);
                    for _ in 0..10 {
                        checkpoint().await;
                        assert_eq!(DEPTH.get(), Some(n));
                    }
                });
            }
        });
        group.await.unwrap();
        assert_eq!(DEPTH.get(), None);
    });
}

/// CX-03: a task with an explicit context uses that one, and not its spawner's.
pub fn a_task_can_be_given_a_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("given");
        let given = Context::current();
        COLOUR.set("spawner");
        DEPTH.set(1);
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.task().context(&given).spawn(async {
                let seen = (COLOUR.get(), DEPTH.get());
                COLOUR.set("child");
                Ok(seen)
            });
            assert_eq!(child.value().await, (Some("given"), None));
            let again = tg.task().context(&given).spawn(async { Ok(COLOUR.get()) });
            assert_eq!(
                again.value().await,
                Some("given"),
                "a snapshot does not change"
            );
            Ok(())
        });
        group.await.unwrap();
        assert_eq!(COLOUR.get(), Some("spawner"));
    });
}

/// CX-04: a worker thread sees its caller's context; its changes stay there.
pub fn a_worker_thread_sees_the_callers_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("caller");
        let seen = to_thread::run::<R, _, _>(|| {
            let before = COLOUR.get();
            COLOUR.set("thread");
            (before, COLOUR.get())
        });
        assert_eq!(seen.await, (Some("caller"), Some("thread")));
        assert_eq!(COLOUR.get(), Some("caller"));
        // Threads are used again: the next call must not find the values that the last one left.
        for _ in 0..20 {
            let again = to_thread::run::<R, _, _>(|| COLOUR.get());
            assert_eq!(again.await, Some("caller"));
        }
    });
    run(backend, async {
        let fresh = to_thread::run::<R, _, _>(|| COLOUR.get()).await;
        assert_eq!(fresh, None, "nor does another run");
    });
}

/// CX-04: async code that a worker thread calls back sees the thread's values; its changes stay there.
pub fn code_called_back_sees_the_threads_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("caller");
        let seen = to_thread::run::<R, _, _>(|| {
            COLOUR.set("thread");
            let run = RunHandle::<R>::current().unwrap();
            let called_back = run.block_on(async {
                let seen = COLOUR.get();
                COLOUR.set("called back");
                checkpoint().await;
                (seen, COLOUR.get())
            });
            (called_back.unwrap(), COLOUR.get())
        });
        assert_eq!(
            seen.await,
            ((Some("thread"), Some("called back")), Some("thread"))
        );
        assert_eq!(COLOUR.get(), Some("caller"));
    });
}

/// CX-05: calls into a run from a foreign thread carry that thread's context into the task.
pub fn calls_from_outside_carry_the_threads_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("main");
        let run = RunHandle::<R>::current().unwrap();
        let done = Gate::new();
        let foreign = thread::spawn({
            let done = done.clone();
            move || {
                let unset = run.block_on(async { COLOUR.get() }).unwrap();
                COLOUR.set("foreign");
                let set = run.block_on(async {
                    let seen = COLOUR.get();
                    COLOUR.set("inside");
                    seen
                });
                let after = COLOUR.get();
                done.open();
                (unset, set.unwrap(), after)
            }
        });
        done.opened().await;
        assert_eq!(
            foreign.join().unwrap(),
            (None, Some("foreign"), Some("foreign"))
        );
        assert_eq!(COLOUR.get(), Some("main"));
    });
}

/// CX-05: a task that is spawned from a foreign thread starts with that thread's context.
pub fn tasks_from_outside_start_with_the_threads_context(backend: &Backend) {
    run(backend, async {
        COLOUR.set("main");
        let run = RunHandle::<R>::current().unwrap();
        let done = Gate::new();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
        thread::spawn({
            let (done, seen) = (done.clone(), seen.clone());
            move || {
                COLOUR.set("foreign");
                let task = async move {
                    *seen.lock().unwrap() = COLOUR.get();
                    done.open();
                };
                drop(run.spawn(task));
            }
        });
        done.opened().await;
        assert_eq!(*seen.lock().unwrap(), Some("foreign"));
    });
}

/// CX-06: the main task sees the values that were set before the run; its changes do not leak out.
pub fn the_main_task_inherits_from_outside(backend: &Backend) {
    COLOUR.set("before");
    run(backend, async {
        assert_eq!(COLOUR.get(), Some("before"));
        COLOUR.set("inside");
        checkpoint().await;
        assert_eq!(COLOUR.get(), Some("inside"));
    });
    assert_eq!(COLOUR.get(), Some("before"));
}

/// G14: `scope` sets a value for one future, there and for the children spawned in it, and
/// nowhere else.
pub fn a_value_can_be_set_for_one_future(backend: &Backend) {
    run(backend, async {
        COLOUR.set("task");
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let beside = async {
                for _ in 0..5 {
                    assert_eq!(COLOUR.get(), Some("task"));
                    checkpoint().await;
                }
            };
            let inside = COLOUR.scope("scope", async {
                let child = tg.spawn(async { Ok(COLOUR.get()) });
                for _ in 0..5 {
                    assert_eq!(COLOUR.get(), Some("scope"));
                    checkpoint().await;
                }
                child.value().await
            });
            let ((), child) = join(beside, inside).await;
            assert_eq!(child, Some("scope"));
            assert_eq!(COLOUR.get(), Some("task"));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// G14: a scope that is dropped half-way leaves nothing behind.
pub fn a_dropped_scope_leaves_no_value(backend: &Backend) {
    run(backend, async {
        {
            let mut scope = pin!(COLOUR.scope("scope", async {
                checkpoint().await;
                std::future::pending::<()>().await;
            }));
            for _ in 0..3 {
                assert!(poll_once(scope.as_mut()).await.is_pending());
                assert_eq!(COLOUR.get(), None);
            }
        }
        assert_eq!(COLOUR.get(), None);
    });
}

anyrt_conformance_kit::cases! { context: erased,
    unset_variables_have_no_value,
    a_child_starts_with_a_snapshot,
    the_snapshot_is_the_spawners,
    borrowing_children_have_contexts_too,
    changes_stay_in_the_task,
    many_tasks_do_not_mix_their_values,
    a_task_can_be_given_a_context,
    a_worker_thread_sees_the_callers_context,
    code_called_back_sees_the_threads_context,
    calls_from_outside_carry_the_threads_context: [foreign_wakes],
    tasks_from_outside_start_with_the_threads_context: [foreign_wakes],
    the_main_task_inherits_from_outside,
    a_value_can_be_set_for_one_future,
    a_dropped_scope_leaves_no_value,
}
