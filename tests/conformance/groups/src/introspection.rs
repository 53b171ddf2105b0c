//! Names, parents and the tree of tasks: DB-01 to DB-07, G13; free ports: TI-05.

use std::convert::Infallible;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use anyrt_core::cancel::{
    CancelScope, cancel_shielded_checkpoint, checkpoint, has_pending_cancellation, shield,
};
use anyrt_core::runtime::Runtime;
use anyrt_core::task::{self, GroupOptions, task_group};
use anyrt_core::thread::to_thread;
use anyrt_core::time::sleep;
use anyrt_core::{RunOptions, testing};
use futures_util::future::join;

use crate::erased::{Backend, R};
use crate::support::{Flag, Gate, Log, poll_once, run, until};

/// DB-01: the main task has a default name, and can be given another.
pub fn the_main_task_has_a_name(backend: &Backend) {
    run(backend, async {
        assert!(!task::current().unwrap().name().is_empty());
    });
    let options = RunOptions::new().name("captain");
    let name = anyrt_core::run(backend, options, async { task::current().unwrap().name() });
    assert_eq!(&*name.unwrap(), "captain");
}

/// DB-01: a child without a name is named after the place where it was spawned; the handle and the task
/// itself agree.
pub fn a_child_is_named_after_its_spawn_site(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let one = tg.spawn(async { Ok(task::current().unwrap().name()) });
            let two = tg.spawn(async { Ok(task::current().unwrap().name()) });
            let (first, second) = (one.name(), two.name());
            assert!(first.contains("introspection.rs"), "{first}");
            assert_ne!(first, second, "two sites, two names");
            assert_eq!(one.value().await, first);
            assert_eq!(two.value().await, second);
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-01: a given name, an empty one too, is seen on the handle and in the task.
pub fn a_child_can_be_named(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for name in ["worker", "", "with spaces, and ünïcode"] {
                let child = tg.task().name(name).spawn(async {
                    checkpoint().await;
                    Ok(task::current().unwrap().name())
                });
                assert_eq!(&*child.name(), name);
                assert_eq!(&*child.value().await, name);
            }
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-02: a task knows its id, which is unique in the run, and which its handle knows too.
pub fn ids_are_unique_in_the_run(backend: &Backend) {
    run(backend, async {
        let mut ids = vec![task::current().unwrap().id()];
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            for _ in 0..50 {
                let child = tg.spawn(async { Ok(task::current().unwrap().id()) });
                let id = child.id();
                assert_eq!(child.value().await, id);
                ids.push(id);
            }
            Ok(())
        });
        group.await.unwrap();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let handles: Vec<_> = (0..50)
                .map(|_| tg.spawn(async { checkpoint().await }))
                .collect();
            ids.extend(handles.iter().map(|handle| handle.id()));
            Ok(())
        });
        group.await.unwrap();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{id:?} was given twice");
        }
    });
}

/// DB-02: the main task has no parent; outside every task there is no current one.
pub fn the_main_task_has_no_parent(backend: &Backend) {
    assert!(task::current().is_none());
    run(backend, async {
        assert!(task::current().unwrap().parent().is_none());
        checkpoint().await;
        assert!(task::current().unwrap().parent().is_none());
    });
    assert!(task::current().is_none());
}

/// DB-03: the parent of a child is the host of its group, whichever task called `spawn`.
pub fn the_parent_is_the_host_of_the_group(backend: &Backend) {
    run(backend, async {
        let host = task::current().unwrap().id();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let same = tg.clone();
            let spawner = tg.spawn(async move {
                let me = task::current().unwrap();
                let mine = same.spawn(async { Ok(parent()) }).value().await;
                let own = task_group::<R, Infallible, _, _>(async |tg| {
                    Ok(tg.spawn(async { Ok(parent()) }).value().await)
                });
                Ok((me.id(), parent(), mine, own.await.unwrap()))
            });
            let (spawner, parent, in_hosts, in_own) = spawner.value().await;
            assert_eq!(parent, Some(host));
            assert_eq!(
                in_hosts,
                Some(host),
                "the host of the group, not the spawner"
            );
            assert_eq!(in_own, Some(spawner));
            Ok(())
        });
        group.await.unwrap();
    });
}

/// DB-04: the tree lists every active task with its name, and none that has ended.
pub fn the_tree_lists_living_tasks_only(backend: &Backend) {
    let options = RunOptions::new().name("captain");
    let ended = anyrt_core::run(backend, options, async {
        let (quick, slow) = (Gate::new(), Gate::new());
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let gate = quick.clone();
            let first = tg
                .task()
                .name("short-lived")
                .spawn(async move { gate.opened().await });
            let gate = slow.clone();
            tg.task().name("long-lived").spawn(async move {
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    let opened = gate.clone();
                    tg.task()
                        .name("grandchild")
                        .spawn(async move { opened.opened().await });
                    gate.opened().await;
                    Ok(())
                });
                group.await.unwrap();
            });
            until(|| tree().contains("grandchild")).await;
            let picture = tree();
            for name in ["captain", "short-lived", "long-lived", "grandchild"] {
                assert_eq!(picture.matches(name).count(), 1, "{name} in\n{picture}");
            }
            quick.open();
            first.wait().await;
            until(|| !tree().contains("short-lived")).await;
            assert!(tree().contains("long-lived"));
            slow.open();
            Ok(())
        });
        group.await.unwrap();
        tree()
    });
    let tree = ended.unwrap();
    assert!(tree.contains("captain"), "{tree}");
    assert!(
        !tree.contains("long-lived") && !tree.contains("grandchild"),
        "{tree}"
    );
}

/// DB-05: `has_pending_cancellation` returns whether the next unshielded wait would be cancelled.
pub fn pending_cancellation_follows_scopes_and_shields(backend: &Backend) {
    run(backend, async {
        assert!(!has_pending_cancellation());
        let log = Log::new();
        let scope = CancelScope::<R>::new();
        let handle = scope.handle();
        let result = scope.run(async {
            log.add(format!("before {}", has_pending_cancellation()));
            handle.cancel();
            log.add(format!("after {}", has_pending_cancellation()));
            shield(async {
                log.add(format!("shielded {}", has_pending_cancellation()));
                checkpoint().await;
                log.add(format!("still {}", has_pending_cancellation()));
            })
            .await;
            log.add(format!("unshielded {}", has_pending_cancellation()));
            checkpoint().await;
            log.add("not reached");
        });
        assert!(result.await.is_err());
        assert!(!has_pending_cancellation(), "the scope has been left");
        let expected = [
            "before false",
            "after true",
            "shielded false",
            "still false",
            "unshielded true",
        ];
        assert_eq!(log.entries(), expected);
    });
}

/// DB-05: a shielded scope does not report a cancellation of its enclosing scopes.
pub fn pending_cancellation_stops_at_a_shielded_scope(backend: &Backend) {
    run(backend, async {
        let outer = CancelScope::<R>::new();
        let handle = outer.handle();
        let result = outer.run(async {
            handle.cancel();
            let inner = CancelScope::<R>::new().shielded();
            let own = inner.handle();
            let inside = inner.run(async {
                let shielded = has_pending_cancellation();
                own.set_shield(false);
                let bare = has_pending_cancellation();
                own.set_shield(true);
                (shielded, bare, has_pending_cancellation())
            });
            (inside.await.unwrap(), has_pending_cancellation())
        });
        assert_eq!(result.await.unwrap(), ((false, true, false), true));
    });
}

/// DB-05, C3: a child sees the cancellation of its group, and one in its own scopes.
pub fn pending_cancellation_is_seen_by_children(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let (started, cancelled) = (Gate::new(), Gate::new());
            let (running, gate, handle) = (started.clone(), cancelled.clone(), tg.scope());
            let child = tg.spawn(async move {
                let before = has_pending_cancellation();
                running.open();
                let after = shield(async {
                    gate.opened().await;
                    has_pending_cancellation()
                });
                let after = after.await;
                // A cancellation by another thread is seen from the next poll on.
                cancel_shielded_checkpoint().await;
                Ok((before, after, has_pending_cancellation()))
            });
            started.opened().await;
            handle.cancel();
            cancelled.open();
            Ok(child)
        });
        let child = group.await.unwrap();
        assert_eq!(child.value().await, (false, false, true));
    });
}

/// DB-06: `wait_all_tasks_blocked` returns when every other task waits, and not before.
pub fn all_tasks_blocked_waits_for_busy_tasks(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let (busy_done, gate) = (Flag::new(), Gate::new());
            for _ in 0..3 {
                let gate = gate.clone();
                tg.spawn(async move { gate.opened().await });
            }
            let done = busy_done.clone();
            tg.spawn(async move {
                for _ in 0..1000 {
                    checkpoint().await;
                }
                done.raise();
            });
            testing::wait_all_tasks_blocked::<R>().await;
            assert!(busy_done.is_raised(), "one task was still busy");
            gate.open();
        });
        group.await.unwrap();
    });
}

/// DB-06: a task that waits for a timer or for a thread is blocked too.
pub fn timers_and_threads_count_as_waiting(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let gate = Gate::new();
            tg.spawn(sleep_long::<R>());
            let blocking = gate.clone();
            tg.spawn(async move {
                to_thread::run::<R, _, _>(move || blocking.wait_blocking()).await;
            });
            testing::wait_all_tasks_blocked::<R>().await;
            gate.open();
            tg.cancel();
        });
        assert!(group.await.is_ok());
    });
}

/// DB-06: several tasks may call `wait_all_tasks_blocked` at the same time; they do not count as busy.
pub fn several_may_wait_until_all_are_blocked(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let gate = Gate::new();
            let released = gate.clone();
            tg.spawn(async move { released.opened().await });
            let waiting = (0..3).map(|_| {
                tg.spawn(async move {
                    for _ in 0..20 {
                        checkpoint().await;
                    }
                    testing::wait_all_tasks_blocked::<R>().await;
                })
            });
            let waiting: Vec<_> = waiting.collect();
            testing::wait_all_tasks_blocked::<R>().await;
            for waiter in waiting {
                waiter.wait().await;
            }
            gate.open();
        });
        group.await.unwrap();
    });
}

/// DB-06, C4: `wait_all_tasks_blocked` is an operation: it is cancelled with its scope.
pub fn waiting_until_all_are_blocked_can_be_cancelled(backend: &Backend) {
    run(backend, async {
        let group = task_group::<R, _, _, _>(async |tg| {
            let stop = Flag::new();
            let stopped = stop.clone();
            tg.spawn(async move {
                while !stopped.is_raised() {
                    checkpoint().await;
                }
            });
            let scope = CancelScope::<R>::new();
            let handle = scope.handle();
            let mut scoped = pin!(scope.run(testing::wait_all_tasks_blocked::<R>()));
            for _ in 0..10 {
                assert!(
                    poll_once(scoped.as_mut()).await.is_pending(),
                    "one task is busy"
                );
            }
            handle.cancel();
            assert!(scoped.await.is_err());
            stop.raise();
        });
        group.await.unwrap();
    });
}

/// DB-07: the tree shows nested groups below their host, in the order in which they were opened,
/// and each task below its group.
pub fn the_tree_shows_who_belongs_to_whom(backend: &Backend) {
    run(backend, async {
        let gate = Gate::new();
        let outer = GroupOptions::new()
            .name("outer-group")
            .run::<R, Infallible, _, _>(async |tg| {
                let opened = gate.clone();
                tg.task()
                    .name("outer-child")
                    .spawn(async move { opened.opened().await });
                let inner = GroupOptions::new()
                    .name("inner-group")
                    .run::<R, Infallible, _, _>(async |tg| {
                        let opened = gate.clone();
                        tg.task()
                            .name("inner-child")
                            .spawn(async move { opened.opened().await });
                        checkpoint().await;
                        let tree = tree();
                        gate.open();
                        Ok(tree)
                    });
                Ok(inner.await.unwrap())
            });
        let tree = outer.await.unwrap();
        let line = |name: &str| {
            let lines = tree
                .lines()
                .enumerate()
                .find(|(_, line)| line.contains(name));
            let (number, line) = lines.unwrap_or_else(|| panic!("no {name} in\n{tree}"));
            (number, line.find(name).unwrap_or_default())
        };
        let (outer, inner) = (line("outer-group"), line("inner-group"));
        let (outer_child, inner_child) = (line("outer-child"), line("inner-child"));
        assert!(outer.0 < inner.0, "in the order of opening:\n{tree}");
        assert!(
            outer.0 < outer_child.0 && outer.1 < outer_child.1,
            "below its group:\n{tree}"
        );
        assert!(
            inner.0 < inner_child.0 && inner.1 < inner_child.1,
            "below its group:\n{tree}"
        );
    });
}

/// DB-07: a group leads to its host and its children, and to the groups in it in the order of their
/// opening, also when others have ended meanwhile.
pub fn the_tree_can_be_walked(backend: &Backend) {
    run(backend, async {
        let main = task::current().unwrap().id();
        let (first, rest) = (Gate::new(), Gate::new());
        let named = async |name: &'static str, gate: &Gate| {
            let group = GroupOptions::new()
                .name(name)
                .run::<R, Infallible, _, _>(async |tg| {
                    let gate = gate.clone();
                    tg.task()
                        .name("child")
                        .spawn(async move { gate.opened().await });
                    Ok(())
                });
            group.await.unwrap();
        };
        let all = async {
            join(
                named("first", &first),
                join(named("second", &rest), async {
                    checkpoint().await;
                    first.open();
                    until(|| !tree().contains("`first`")).await;
                    named("third", &rest).await;
                }),
            )
            .await;
        };
        let look = async {
            until(|| task::tree().is_some() && tree().contains("`third`")).await;
            let picture = task::tree().unwrap();
            let [host] = picture.tasks() else {
                panic!("one task at the top:\n{picture}")
            };
            assert_eq!(host.task.id(), main);
            let names: Vec<_> = host
                .groups
                .iter()
                .map(|group| group.name.to_string())
                .collect();
            assert_eq!(
                names,
                ["second", "third"],
                "in the order of opening:\n{picture}"
            );
            for group in &host.groups {
                assert_eq!(group.host.as_ref().map(|host| host.id()), Some(main));
                let [child] = &*group.tasks else {
                    panic!("one child in each:\n{picture}")
                };
                assert_eq!(&*child.task.name(), "child");
                assert_eq!(child.task.parent().map(|parent| parent.id()), Some(main));
            }
            rest.open();
        };
        join(all, look).await;
    });
}

/// DB-07: links to parents stay valid after the end of the tasks.
pub fn parents_are_known_after_the_end(backend: &Backend) {
    run(backend, async {
        let host = task::current().unwrap().id();
        let group = task_group::<R, Infallible, _, _>(async |tg| {
            let child = tg.spawn(async {
                let group = task_group::<R, Infallible, _, _>(async |tg| {
                    Ok(tg
                        .spawn(async { Ok(task::current().unwrap()) })
                        .value()
                        .await)
                });
                Ok((task::current().unwrap(), group.await.unwrap()))
            });
            Ok(child.value().await)
        });
        let (child, grandchild) = group.await.unwrap();
        assert!(child.is_finished() && grandchild.is_finished());
        assert_eq!(grandchild.parent().map(|task| task.id()), Some(child.id()));
        assert_eq!(child.parent().map(|task| task.id()), Some(host));
    });
}

/// G13: the tree contains the origin and the reason of a cancellation.
pub fn the_tree_says_who_cancelled_and_why(backend: &Backend) {
    run(backend, async {
        let scope = CancelScope::<R>::new().name("doomed-scope");
        let handle = scope.handle();
        let result = scope.run(async {
            handle.cancel_with("no longer needed");
            let look = async {
                for _ in 0..3 {
                    checkpoint().await;
                }
                tree()
            };
            shield(look).await
        });
        let tree = result.await.unwrap();
        assert!(tree.contains("doomed-scope"), "{tree}");
        assert!(tree.contains("no longer needed"), "{tree}");
    });
}

/// Calls `bind` again if the port is in use: another case that looks for a free port may use it for a
/// moment.
fn bind<T>(bind: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..1_000 {
        if let Ok(bound) = bind() {
            return Ok(bound);
        }
        thread::sleep(Duration::from_millis(1));
    }
    bind()
}

/// TI-05: free ports are distinct, and can be bound.
pub fn free_ports_can_be_bound(_backend: &Backend) {
    let tcp: Vec<u16> = (0..5).map(|_| testing::free_tcp_port().unwrap()).collect();
    let udp: Vec<u16> = (0..5).map(|_| testing::free_udp_port().unwrap()).collect();
    for ports in [&tcp, &udp] {
        for (index, port) in ports.iter().enumerate() {
            assert_ne!(*port, 0);
            assert!(!ports[..index].contains(port), "{port} was given twice");
        }
    }
    let listeners: Vec<_> = tcp
        .iter()
        .map(|port| bind(|| TcpListener::bind(("127.0.0.1", *port))))
        .collect();
    assert!(listeners.iter().all(Result::is_ok), "{listeners:?}");
    let sockets: Vec<_> = udp
        .iter()
        .map(|port| bind(|| UdpSocket::bind(("127.0.0.1", *port))))
        .collect();
    assert!(sockets.iter().all(Result::is_ok), "{sockets:?}");
}

/// Draws the tree of the run.
fn tree() -> String {
    task::tree().unwrap().to_string()
}

/// Returns the id of the current task's parent.
fn parent() -> Option<task::TaskId> {
    task::current().unwrap().parent().map(|parent| parent.id())
}

async fn sleep_long<R: Runtime>() {
    sleep::<R>(Duration::from_secs(3600)).await;
}

anyrt_conformance_kit::cases! { introspection: erased,
    the_main_task_has_a_name,
    a_child_is_named_after_its_spawn_site,
    a_child_can_be_named,
    ids_are_unique_in_the_run,
    the_main_task_has_no_parent,
    the_parent_is_the_host_of_the_group,
    the_tree_lists_living_tasks_only,
    pending_cancellation_follows_scopes_and_shields,
    pending_cancellation_stops_at_a_shielded_scope,
    pending_cancellation_is_seen_by_children,
    all_tasks_blocked_waits_for_busy_tasks,
    timers_and_threads_count_as_waiting,
    several_may_wait_until_all_are_blocked,
    waiting_until_all_are_blocked_can_be_cancelled,
    the_tree_shows_who_belongs_to_whom,
    the_tree_can_be_walked,
    parents_are_known_after_the_end,
    the_tree_says_who_cancelled_and_why,
    free_ports_can_be_bound,
}
